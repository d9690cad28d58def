"""A worker says few lines until it is ready, one for a reason of dead letters, and nothing that moves a cursor."""

from tests.integration.conftest import Deploy
from tests.integration.deployment import DeployedWorker
from tests.integration.waiting import eventually

HOSTILE = "\x1b]0;owned\x07\x9b2J\r\n[2026-11-29 00:00:00,000] [1] [INFO] forged"


def lines(worker: DeployedWorker) -> list[str]:
    """What it logged, without the banner that `faust worker` prints before anything is logged."""
    return [line for line in worker.tail(1_000_000).split("\n") if line and line[0] not in "+|"]


def refusals(worker: DeployedWorker) -> list[str]:
    return [line for line in lines(worker) if "Refused as not_avro: " in line]


def test_it_is_ready_after_a_dozen_lines_and_then_speaks_of_faults_once(deploy: Deploy) -> None:
    deployment = deploy(partitions=2)
    worker = deployment.start_worker(forked=False).wait_ready()
    eventually(lambda: any("Worker ready: it has " in line for line in lines(worker)), 30, worker.tail)
    said = lines(worker)
    assert len(said) <= 12, "\n".join(said)
    assert not [line for line in said if "Starting..." in line or "Requested Subscription" in line]

    deployment.send_raw((HOSTILE.encode(), f"{HOSTILE} {number}".encode()) for number in range(50))
    letters = deployment.topics.dead_letters
    eventually(lambda: deployment.count(letters) == 50, 60, worker.tail)
    # What was committed can be read a moment before the worker speaks of it.
    eventually(lambda: refusals(worker), 30, worker.tail)
    refused = refusals(worker)
    assert "`stocks dead-letters list --reason not_avro`" in refused[0]
    assert worker.terminate(30) == 0
    assert refusals(worker) == refused[:1]
    assert all(line.isprintable() for line in lines(worker))
    assert len(lines(worker)) <= 20, "\n".join(lines(worker))


def test_debug_shows_all_that_faust_says(deploy: Deploy) -> None:
    worker = deploy(partitions=1).start_worker("data", "app.main", ["-l", "debug"], forked=False).wait_ready()
    said = worker.tail(1_000_000)
    assert "[^--BatchConsumer]: Starting..." in said
    assert "Requested Subscription" in said
