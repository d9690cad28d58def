"""A client of GET /stream that is cut again and again while workers are killed: nothing missed, nothing twice."""

import http.client
import random
from collections import Counter
from collections.abc import Iterator

import pytest

from app.domain.records import Bar
from tests.integration.conftest import Deploy
from tests.integration.deployment import DeployedWorker, Deployment
from tests.integration.random_bars import random_bars
from tests.integration.stream_client import StreamClient
from tests.integration.waiting import eventually

CUTS = 200
BARS_A_CUT = 20
#: After so many cuts each, a worker is killed.
KILLS = (40, 90, 140)


class CutReader:
    """Reads a little here and a little there, by nothing but ids."""

    def __init__(self, chance: random.Random) -> None:
        self.last_id: str | None = None
        self.came: list[str] = []
        self.cuts = 0
        self._chance = chance

    def read_a_little(self, worker: DeployedWorker) -> bool:
        """Read from a worker until the connection is cut; whether there was one."""
        most = self._chance.choice([1, 5, 50, 500])
        try:
            client = StreamClient(worker.url, "run=test", self.last_id, timeout=self._chance.uniform(0.05, 0.8))
        except (OSError, http.client.HTTPException):
            return False
        with client:
            try:
                for event in client.events():
                    self.last_id = event.id or self.last_id
                    assert event.name != "reset", event
                    if event.name == "signal":
                        self.came.append(event.data["id"])
                    most -= 1
                    if not most:
                        break
            except (OSError, http.client.HTTPException):
                pass
        self.cuts += 1
        return True


@pytest.mark.timeout(600)  # 200 connections, four thousand bars, five workers.
def test_cut_200_times_while_workers_are_killed(deploy: Deploy) -> None:
    deployment = deploy(partitions=4)
    names = ["one", "two"]
    workers = {name: deployment.start_worker(name).wait_ready() for name in names}
    chance = random.Random(7)
    reader = CutReader(chance)
    bars = random_bars(symbols=20, minutes=CUTS * BARS_A_CUT // 20, seed=8)
    with StreamClient(workers["one"].url, "run=test") as client:
        [snapshot] = client.take(1, "snapshot")
        assert snapshot.data["signals"] == []
        reader.last_id = snapshot.id
    kills = list(KILLS)
    while reader.cuts < CUTS:
        if not reader.cuts % 10:
            send(deployment, bars, BARS_A_CUT * 10)
        if kills and reader.cuts >= kills[0]:
            kills.pop(0)
            name = chance.choice(names)
            workers[name].kill()
            workers[name] = deployment.start_worker(name)
        reader.read_a_little(workers[chance.choice(names)])
    send(deployment, bars, len(names) * CUTS * BARS_A_CUT)
    deployment.settle()
    sent = [signal["id"] for signal in deployment.signals()]
    assert len(sent) == CUTS * BARS_A_CUT

    def has_all() -> bool:
        reader.read_a_little(workers[chance.choice(names)])
        return len(reader.came) >= len(sent)

    eventually(has_all, 60, lambda: f"{len(reader.came)} of {len(sent)} came")
    assert Counter(reader.came) == Counter(sent)


def send(deployment: Deployment, bars: Iterator[Bar], most: int) -> None:
    """The next bars."""
    some = [bar for _, bar in zip(range(most), bars, strict=False)]
    if some:
        deployment.send(some)
