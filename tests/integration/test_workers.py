"""Several workers: no two are in one place, and one for which there is no partition waits for its turn."""

from tests.integration.conftest import Deploy
from tests.integration.deployment import DeployedWorker
from tests.integration.random_bars import random_bars
from tests.integration.waiting import START_SECONDS, eventually

SYMBOLS = 20

#: A second is enough on a machine that does nothing else.
TAKEOVER_SECONDS = 15.0


def test_two_workers_that_say_they_are_in_one_place_are_refused(deploy: Deploy) -> None:
    deployment = deploy(partitions=2)
    deployment.send(random_bars(symbols=SYMBOLS, minutes=3, seed=4))
    # Without a socket there, as if on another machine.
    first = deployment.start_worker("first", "app.main", ["--without-web"])
    eventually(lambda: "Worker ready" in first.tail(100_000), START_SECONDS, first.tail)
    second = deployment.start_worker("second", API_PORT=first.url.rpartition(":")[2])
    assert second.process.wait(START_SECONDS) != 0
    assert f"tell others to ask at {first.url.removeprefix('http://')}" in second.tail(100_000)
    assert first.process.poll() is None


def test_a_worker_more_than_there_are_partitions_is_ready_and_takes_over_from_one_that_is_killed(
    deploy: Deploy,
) -> None:
    deployment = deploy(partitions=1)
    bars = list(random_bars(symbols=SYMBOLS, minutes=60, seed=5))
    half = len(bars) // 2
    deployment.send(bars[:half])
    workers = deployment.start_workers(("first", "second"))
    deployment.settle()
    by_partitions: dict[int, DeployedWorker] = {}

    def one_has_it() -> bool:
        by_partitions.clear()
        by_partitions.update((each.held(), each) for each in workers)
        return by_partitions.keys() == {0, 1}

    eventually(one_has_it, 60, workers[0].tail)
    spare, working = by_partitions[0], by_partitions[1]
    assert spare.is_ready()

    working.kill()
    deployment.send(bars[half:])
    # The group waits for the dead one until its session is over.
    eventually(lambda: spare.held() == 1, deployment.settings.session_seconds + TAKEOVER_SECONDS, spare.tail)
    deployment.settle()
    assert spare.is_ready()
    assert deployment.wrong_signals(bars) == []
