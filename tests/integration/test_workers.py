"""Several workers: who is where, and that no two are in one place."""

from tests.integration.bars import random_bars
from tests.integration.conftest import Deploy
from tests.integration.deployment import WorkerProcess
from tests.integration.waiting import eventually

SYMBOLS = 20


def test_redirects_follow_a_worker_to_another_port(deploy: Deploy) -> None:
    deployment = deploy(partitions=2)
    deployment.send(random_bars(symbols=SYMBOLS, minutes=3, seed=4))
    first, second = (deployment.start_worker(name).wait_ready() for name in ("first", "second"))
    deployment.settle()
    eventually(lambda: redirects(first) == {second.url}, 60, lambda: str(redirects(first)))
    assert second.terminate(seconds=30) == 0
    moved = deployment.start_worker("second").wait_ready()
    assert moved.url != second.url
    eventually(lambda: redirects(first) == {moved.url}, 60, lambda: str(redirects(first)))
    assert redirects(moved) == {first.url}
    for name in map(symbol, range(SYMBOLS)):
        assert {signal["symbol"] for signal in moved.follow(f"/signals/{name}").json()["signals"]} == {name}


def redirects(worker: WorkerProcess) -> set[str]:
    """Where it sends those who ask for symbols that it does not have."""
    answers = [worker.get(f"/signals/{symbol(number)}") for number in range(SYMBOLS)]
    return {answer.headers["location"].partition("/signals")[0] for answer in answers if answer.status_code == 307}


def symbol(number: int) -> str:
    return f"S{number:04d}"


def test_two_workers_that_say_they_are_in_one_place_are_refused(deploy: Deploy) -> None:
    deployment = deploy(partitions=2)
    deployment.send(random_bars(symbols=SYMBOLS, minutes=3, seed=4))
    # Without a socket there, as if on another machine.
    first = deployment.start_worker("first", "app.main", ["--without-web"])
    eventually(lambda: "Worker ready" in first.tail(100_000), 60, first.tail)
    second = deployment.start_worker("second", API_PORT=first.url.rpartition(":")[2])
    assert second.process.wait(60) != 0
    assert f"tell others to ask at {first.url.removeprefix('http://')}" in second.tail(100_000)
    assert first.process.poll() is None
