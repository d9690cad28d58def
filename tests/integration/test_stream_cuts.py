"""A client of GET /stream that is cut again and again while workers are killed: nothing missed, nothing twice."""

import http.client
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from app.domain.records import Bar
from tests.integration.conftest import Deploy
from tests.integration.deployment import DeployedWorker, Deployment
from tests.integration.random_bars import random_bars
from tests.integration.stream_client import StreamClient
from tests.integration.waiting import eventually

#: Of all readers, which read at the same time: most of it is waiting for the next signal, until the cut.
CUTS = 200
READERS = 4
BARS_A_CUT = 20
#: So many cuts after each other, the bars for as many are sent.
CUTS_A_SLICE = 10
#: After so many cuts each, a worker is killed.
KILLS = (40, 90, 140)


class CutReader:
    """Reads a little here and a little there, by nothing but ids."""

    def __init__(self, workers: Mapping[str, DeployedWorker], chance: random.Random, last_id: str | None) -> None:
        self.last_id = last_id
        self.came: list[str] = []
        self.cuts = 0
        self._workers = workers
        self._chance = chance

    def read_and_be_cut(self, cuts: int) -> None:
        """Read until so many connections were cut."""
        while self.cuts < cuts:
            self._read_a_little()

    def read_to_the_end(self, signals: int) -> None:
        """Read until so many have come."""

        def has_all() -> bool:
            self._read_a_little()
            return len(self.came) >= signals

        eventually(has_all, 120, lambda: f"{len(self.came)} of {signals} came")

    def _read_a_little(self) -> None:
        """Read from any worker until the connection is cut, if there is one."""
        worker = self._chance.choice(list(self._workers.values()))
        most = self._chance.choice([1, 5, 50, 500])
        try:
            client = StreamClient(worker.url, "run=test", self.last_id, timeout=self._chance.uniform(0.05, 0.8))
        except (OSError, http.client.HTTPException):
            return
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


@pytest.mark.timeout(600)  # 200 connections, four thousand bars, five workers.
def test_cut_200_times_while_workers_are_killed(deploy: Deploy) -> None:
    deployment = deploy(partitions=4)
    names = "one", "two"
    workers = dict(zip(names, deployment.start_workers(names), strict=True))
    chance = random.Random(7)
    bars = random_bars(symbols=20, minutes=CUTS * BARS_A_CUT // 20, seed=8)
    with StreamClient(workers["one"].url, "run=test") as client:
        [snapshot] = client.take(1, "snapshot")
        assert snapshot.data["signals"] == []
    readers = [CutReader(workers, random.Random(seed), snapshot.id) for seed in range(READERS)]
    with ThreadPoolExecutor(READERS) as threads:
        reading = [threads.submit(reader.read_and_be_cut, CUTS // READERS) for reader in readers]

        def state() -> str:
            return f"{[reader.cuts for reader in readers]} cuts, {[each for each in reading if each.done()]}"

        def have_been_cut(times: int) -> bool:
            return sum(reader.cuts for reader in readers) >= times

        for cuts in range(0, CUTS, CUTS_A_SLICE):
            eventually(partial(have_been_cut, cuts), 60, state)
            send(deployment, bars, BARS_A_CUT * CUTS_A_SLICE)
            if cuts in KILLS:
                name = chance.choice(list(workers))
                workers[name].kill()
                workers[name] = deployment.start_worker(name)
        for each in reading:
            each.result()
        deployment.settle()
        sent = [signal["id"] for signal in deployment.signals()]
        assert len(sent) == CUTS * BARS_A_CUT
        for each in [threads.submit(reader.read_to_the_end, len(sent)) for reader in readers]:
            each.result()
    for reader in readers:
        assert Counter(reader.came) == Counter(sent)


def send(deployment: Deployment, bars: Iterator[Bar], most: int) -> None:
    """The next bars."""
    some = [bar for _, bar in zip(range(most), bars, strict=False)]
    if some:
        deployment.send(some)
