"""Several workers: no two are in one place."""

from tests.integration.conftest import Deploy
from tests.integration.random_bars import random_bars
from tests.integration.waiting import eventually

SYMBOLS = 20


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
