"""What each measurement begins with: topics of its own, a worker of some source tree, a reader of its signals."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import Any, Self

from app.broker import Broker
from app.settings import Settings
from app.stack.ports import any_free_port
from app.topic_admin import create
from app.topics import topics
from tests.bench.offsets import ends_of, lag, places_of
from tests.bench.reader import PATIENCE_SECONDS, SignalReader
from tests.bench.sender import Sender
from tests.bench.worker import BenchWorker, WorkerStuck

ROOT = Path(__file__).parents[2]

LOOK_SECONDS = 0.25

Report = Callable[[str, int], None]
"""What is being done, and how many bars of it are done."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where to run; the broker's data and process are known when they are ours."""

    kafka: str
    schema_registry: str
    stack_dir: Path | None = None
    broker_pid: int | None = None


@dataclass(frozen=True, slots=True)
class Variant:
    """What to run: the code of a source tree, with settings by their upper-case names, started by a profiler or not."""

    tree: Path = ROOT
    settings: Mapping[str, str] = field(default_factory=dict)
    profiler: Sequence[str] = ()


class Trial:
    """One measurement of a variant; a context manager."""

    def __init__(self, cluster: Cluster, directory: Path, name: str, variant: Variant, report: Report) -> None:
        directory.mkdir(parents=True)
        self.cluster = cluster
        self.directory = directory
        self.report = report
        self.log = directory / "worker.log"
        self._variant = variant
        chosen: dict[str, Any] = {
            "_env_file": None,
            "kafka_bootstrap": cluster.kafka,
            "schema_registry_url": cluster.schema_registry,
            "topic_prefix": f"{name}.",
            **{key.lower(): value for key, value in variant.settings.items()},
        }
        self.settings = Settings(**chosen)
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

    @contextmanager
    def worker(self) -> Iterator[BenchWorker]:
        """A worker that is ended gently, unless it was killed before. Raises WorkerStuck."""
        environment = {
            **os.environ,
            **self._variant.settings,
            "KAFKA_BOOTSTRAP": str(self.settings.kafka_bootstrap),
            "SCHEMA_REGISTRY_URL": str(self.settings.schema_registry_url),
            "TOPIC_PREFIX": self.settings.topic_prefix,
            "DATA_DIR": str(self.directory / "data"),
            "API_PORT": str(any_free_port()),
        }
        worker = BenchWorker(self._variant.tree, environment, self.log, self._variant.profiler)
        try:
            yield worker
            worker.stop()
        finally:
            worker.kill()

    def until(self, happened: Callable[[], bool], worker: BenchWorker) -> None:
        """Return once it happened. Raises WorkerEnded, WorkerStuck."""
        deadline = monotonic() + PATIENCE_SECONDS
        while not happened():
            worker.check_alive()
            if monotonic() > deadline:
                raise WorkerStuck(f"nothing happened for {PATIENCE_SECONDS:g} s:\n{worker.log_tail()}")
            sleep(LOOK_SECONDS)

    def until_settled(self, worker: BenchWorker) -> None:
        """Return once all that follows from the bars sent is committed. Raises WorkerEnded, WorkerStuck."""
        self.until(lambda: lag(self.broker, self.settings.id, self.topics.raw) == 0, worker)

    def dead_letters(self) -> int:
        return sum(ends_of(self.broker, places_of([self.topics.dead_letters])).values())
