"""The bench's peers in Java give right signals, and go on after a kill -9. Needs a JDK."""

import asyncio
import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import schemas
from app.clients import registry
from app.domain.records import Bar, Signal
from tests.bench.peers.jdk import find_jdk
from tests.bench.peers.jvm import peers
from tests.bench.peers.peer import Peer, PeerUnavailable
from tests.integration.bars import random_bars
from tests.integration.conftest import Deploy
from tests.integration.deployment import ROOT, Deployment
from tests.integration.waiting import eventually
from tests.oracle import differences, final_signals

BARS = list(random_bars(symbols=20, minutes=150, seed=5, run_id="peers"))
READY_SECONDS = 60
DONE_SECONDS = 60

#: How Java ends after a SIGTERM.
SIGTERM_STATUS = 143


def _has_jdk() -> bool:
    try:
        find_jdk()
    except PeerUnavailable:
        return False
    return True


pytestmark = pytest.mark.skipif(not _has_jdk(), reason="needs a JDK")


class PeerProcess:
    """A peer that runs on a deployment's topics."""

    def __init__(self, peer: Peer, deployment: Deployment, environment: dict[str, str]) -> None:
        self._log = deployment.directory / f"{peer.name}.log"
        self._out = self._log.with_suffix(".out")
        with self._log.open("ab") as log, self._out.open("wb") as out:
            self.process = subprocess.Popen(
                peer.command(), env={**os.environ, **environment}, stdin=subprocess.DEVNULL, stdout=out, stderr=log
            )

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.tail()
        return "READY\n" in self._out.read_text()

    def tail(self) -> str:
        return self._log.read_text(errors="replace")[-4000:]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def running(peer: Peer, deployment: Deployment, environment: dict[str, str]) -> Iterator[PeerProcess]:
    """The peer, from READY on; killed in the end."""
    process = PeerProcess(peer, deployment, environment)
    try:
        eventually(process.is_ready, READY_SECONDS, process.tail)
        yield process
    finally:
        process.kill()


def environment_of(deployment: Deployment, state: Path) -> dict[str, str]:
    state.mkdir()
    subject = deployment.topics.signals.subject
    schema_id = asyncio.run(registry(deployment.settings).register(subject, schemas.load("signal")))
    return {
        "KAFKA_BOOTSTRAP": str(deployment.settings.kafka_bootstrap),
        "SCHEMA_REGISTRY_URL": str(deployment.settings.schema_registry_url),
        "RAW_TOPIC": deployment.topics.raw.name,
        "SIGNALS_TOPIC": deployment.topics.signals.name,
        "APP_ID": f"{deployment.settings.id}-peer",
        "STATE_DIR": str(state),
        "BAR_SCHEMA": str(ROOT / "schemas" / "bar.avsc"),
        "SIGNAL_SCHEMA": str(ROOT / "schemas" / "signal.avsc"),
        "SIGNAL_SCHEMA_ID": str(schema_id),
    }


def tally(bars: list[Bar], signals: list[Signal], deployment: Deployment) -> dict[str, int]:
    """How many bars' signals are lost, there more than once, or wrong at least once."""
    # Their gaps are null: a peer need not know the exchange's calendar.
    wanted = final_signals(bars, deployment.settings.strategy, gap=lambda before, after: None)
    expected = {(each["symbol"], each["timestamp"]): each for each in wanted}
    found = Counter((signal["symbol"], signal["timestamp"]) for signal in signals)
    wrong = {
        (signal["symbol"], signal["timestamp"])
        for signal in signals
        if differences([expected[signal["symbol"], signal["timestamp"]]], [signal])
    }
    return {
        "lost": len(expected.keys() - found.keys()),
        "doubled": sum(count > 1 for count in found.values()),
        "wrong": len(wrong),
    }


def wait_for(bars: int, deployment: Deployment, process: PeerProcess) -> None:
    """Wait until so many bars have a signal, of which some may be there twice."""

    def done() -> int:
        return len({(signal["symbol"], signal["timestamp"]) for signal in deployment.signals()})

    eventually(lambda: done() >= bars, DONE_SECONDS, lambda: f"{done()} of {bars} signals\n{process.tail()}")


@pytest.mark.parametrize("peer", peers(), ids=lambda peer: peer.name)
def test_its_signals_are_right_and_it_goes_on_after_a_kill(peer: Peer, deploy: Deploy, tmp_path: Path) -> None:
    peer.prepare()
    deployment = deploy(partitions=4)
    environment = environment_of(deployment, tmp_path / "state")
    half = len(BARS) // 2
    deployment.send(BARS[:half])

    with running(peer, deployment, environment) as process:
        wait_for(half, deployment, process)
        assert tally(BARS[:half], deployment.signals(), deployment) == {"lost": 0, "doubled": 0, "wrong": 0}
        # So that the kill comes amid work that is not committed yet.
        deployment.send(BARS[half : half + half // 2])
    with running(peer, deployment, environment) as process:
        deployment.send(BARS[half + half // 2 :])
        wait_for(len(BARS), deployment, process)
        process.process.terminate()
        assert process.process.wait(20) in (0, SIGTERM_STATUS)
    found = tally(BARS, deployment.signals(), deployment)
    assert not found["lost"]
    # Kafka Streams at least once takes bars a second time into windows that know them already, so they become wrong.
    if peer.name not in ("ks", "ks_cached"):
        assert not found["wrong"]
    if peer.delivery == "exactly once":
        assert not found["doubled"]
