"""What each measurement begins with: topics of its own, a program to measure, a reader of its signals."""

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from app.avro.serde import Encoder
from app.kafka.broker import TIMEOUT, Broker
from app.kafka.clients import registry
from app.kafka.topic_admin import create
from app.kafka.topics import topics
from app.settings import Settings
from app.stack.ports import any_free_port
from tests.bench.check import check
from tests.bench.offsets import ends_of, lag, places_of
from tests.bench.peers.peer import Peer
from tests.bench.reader import PATIENCE_SECONDS, SignalReader
from tests.bench.recorded_bars import RecordedBars
from tests.bench.running import Running, WorkerStuck
from tests.bench.sender import Sender
from tests.bench.worker import BenchWorker, PeerProcess, Workers

ROOT = Path(__file__).parents[2]

LOOK_SECONDS = 0.25

#: Longer than a peer's checkpoints are apart, which Quix Streams has the longest of.
SETTLE_SECONDS = 6.0

Report = Callable[[str, int], None]
"""What is being done, and how many bars of it are done."""


@dataclass(frozen=True, slots=True)
class TrialCluster:
    """Where to run; the broker's data and process are known when they are ours."""

    kafka: str
    schema_registry: str
    stack_dir: Path | None = None
    broker_pid: int | None = None

    def settings(self, **more: Any) -> Settings:
        """Ours for this cluster; no `.env` has a say."""
        addresses = {"kafka_bootstrap": self.kafka, "schema_registry_url": self.schema_registry}
        chosen: dict[str, Any] = {"_env_file": None, **addresses, **more}
        return Settings(**chosen)


@dataclass(frozen=True, slots=True)
class Variant:
    """What to run: a peer, or else workers of a source tree.

    Settings are by their upper-case names; workers may be started by a profiler.
    """

    tree: Path = ROOT
    settings: Mapping[str, str] = field(default_factory=dict)
    profiler: Sequence[str] = ()
    processes: int = 1
    peer: Peer | None = None

    @property
    def title(self) -> str:
        """As a table shows it."""
        if self.peer:
            return self.peer.title
        return "this project" if self.tree == ROOT else self.tree.name

    @property
    def share(self) -> float:
        """How much of each load it is given."""
        return self.peer.share if self.peer else 1.0


class Trial:
    """One measurement of a variant; a context manager."""

    def __init__(self, cluster: TrialCluster, directory: Path, name: str, variant: Variant, report: Report) -> None:
        directory.mkdir(parents=True)
        self.cluster = cluster
        self.directory = directory
        self.report = report
        self.log = directory / "worker.log"
        self._variant = variant
        changes = {key.lower(): value for key, value in variant.settings.items()}
        self.settings = cluster.settings(topic_prefix=f"{name}.", **changes)
        self.topics = topics(self.settings)
        self.broker = Broker(self.settings)
        # Not the changelogs: the worker makes its own, which may be other ones than this tree's.
        streams = [self.topics.raw, self.topics.signals, self.topics.dead_letters]
        create(self.broker, streams, self.settings.replication_factor)
        self.sender = Sender(self.settings, self.topics.raw)
        self.reader = SignalReader(self.settings, self.topics.signals)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.reader.close()
        # Hundreds of them would slow the broker down for whatever is measured last.
        names = [name for name in self.broker.metadata().topics if self.settings.topic_prefix in name]
        for answer in self.broker.admin.delete_topics(names, request_timeout=TIMEOUT).values():
            answer.result()

    @contextmanager
    def worker(self) -> Iterator[Running]:
        """The program, ended gently unless it was killed before. Raises WorkerStuck."""
        worker = self._start()
        try:
            yield worker
            worker.stop()
        finally:
            worker.kill()

    def _start(self) -> Running:
        variant = self._variant
        if variant.peer:
            return self._start_peer(variant.peer)
        if variant.processes == 1:
            return self._start_worker("data", self.log)
        numbers = range(1, variant.processes + 1)
        return Workers([self._start_worker(f"data-{number}", self._log_of(number)) for number in numbers])

    def _log_of(self, number: int) -> Path:
        return self.log if number == 1 else self.directory / f"worker-{number}.log"

    def _start_worker(self, data: str, log: Path) -> Running:
        environment = {
            **os.environ,
            **self._variant.settings,
            "KAFKA_BOOTSTRAP": str(self.settings.kafka_bootstrap),
            "SCHEMA_REGISTRY_URL": str(self.settings.schema_registry_url),
            "TOPIC_PREFIX": self.settings.topic_prefix,
            "DATA_DIR": str(self.directory / data),
            "API_PORT": str(any_free_port()),
        }
        return BenchWorker(self._variant.tree, environment, log, self._variant.profiler)

    def _start_peer(self, peer: Peer) -> Running:
        state = self.directory / "data"
        state.mkdir(exist_ok=True)
        schema_id = asyncio.run(Encoder("signal").register(registry(self.settings), self.topics.signals.subject))
        environment = {
            **os.environ,
            "KAFKA_BOOTSTRAP": str(self.settings.kafka_bootstrap),
            "SCHEMA_REGISTRY_URL": str(self.settings.schema_registry_url),
            "RAW_TOPIC": self.topics.raw.name,
            "SIGNALS_TOPIC": self.topics.signals.name,
            "APP_ID": self.settings.id,
            "STATE_DIR": str(state),
            "BAR_SCHEMA": str(ROOT / "schemas" / "bar.avsc"),
            "SIGNAL_SCHEMA": str(ROOT / "schemas" / "signal.avsc"),
            "SIGNAL_SCHEMA_ID": str(schema_id),
        }
        return PeerProcess(peer.command(), ROOT, environment, self.log)

    def until(self, happened: Callable[[], bool], worker: Running) -> None:
        """Return once it happened. Raises WorkerEnded, WorkerStuck."""
        deadline = monotonic() + PATIENCE_SECONDS
        while not happened():
            worker.check_alive()
            if monotonic() > deadline:
                raise WorkerStuck(f"nothing happened for {PATIENCE_SECONDS:g} s:\n{worker.log_tail()}")
            sleep(LOOK_SECONDS)

    def until_settled(self, worker: Running, *, patiently: bool = True) -> None:
        """Return once all that follows from the bars sent is committed. Raises WorkerEnded, WorkerStuck.

        A peer may commit to its group when it likes, so it is given a moment, if we are patient.
        """
        if self._variant.peer:
            sleep(SETTLE_SECONDS if patiently else 0)
            worker.check_alive()
            return
        self.until(lambda: lag(self.broker, self.settings.id, self.topics.raw) == 0, worker)

    def check(self, tape: RecordedBars, signals: pa.RecordBatch, start: int = 0, end: int | None = None) -> None:
        """Raise WrongSignals unless the bars from `start` to `end` have a right signal each."""
        dead, strategy = self.dead_letters(), self.settings.strategy
        check(tape, signals, dead, strategy, start=start, end=end, calendar=self.calendar)

    @property
    def calendar(self) -> bool:
        """Whether what is measured knows the exchange's calendar."""
        return self._variant.peer is None

    def dead_letters(self) -> int:
        return sum(ends_of(self.broker, places_of([self.topics.dead_letters])).values())

    def state_bytes(self) -> int:
        """What the program has on its own disk."""
        return sum(each.stat().st_size for each in self.directory.rglob("data*/**/*") if each.is_file())
