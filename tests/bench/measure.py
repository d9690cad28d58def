"""One run: a deployment of its own, all bars sent, then one worker from start to the last commit."""

import asyncio
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import cast

import psutil

from app.clients import registry
from app.domain.records import Bar, Signal
from app.serde import Decoder
from app.stack.ports import any_free_port
from app.topics import Topic
from tests.bench.check import check
from tests.bench.worker import BenchWorker, WorkerStuck
from tests.integration.deployment import ROOT, Deployment

#: How often to look how far the worker is.
LOOK_SECONDS = 0.25

#: A worker that makes no signal for so long is stuck.
PATIENCE_SECONDS = 60.0

Report = Callable[[str, int], None]
"""What is being done, and how many bars of it are done."""


@dataclass(frozen=True, slots=True)
class Result:
    """One run's figures; rates are bars a second."""

    bars: int
    produce_rate: float
    #: From the first signal to the last one, by the signals' own times.
    rate: float
    #: From the worker being ready (which is when it starts) until all is committed.
    seconds_to_commit: float
    #: Processor time a bar while the worker worked, its native threads included.
    cpu_micros: float
    #: The broker's; None when the broker is not ours.
    broker_cpu_micros: float | None
    peak_bytes: int
    #: On the broker's disk, as compressed; None when the broker's disk is not here.
    changelog_bytes: int | None


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


def run(cluster: Cluster, directory: Path, name: str, bars: Sequence[Bar], report: Report, variant: Variant) -> Result:
    """Send the bars, let one worker process them, and check the signals.

    Raises WorkerEnded, WorkerStuck, WrongSignals.
    """
    directory.mkdir(parents=True)
    settings = {key.lower(): value for key, value in variant.settings.items()}
    deployment = Deployment(cluster.kafka, cluster.schema_registry, directory, name, **settings)
    topics = deployment.topics
    with closing(deployment):
        report("sending", 0)
        started = monotonic()
        deployment.send(bars)
        produce_rate = len(bars) / (monotonic() - started)

        report("starting", 0)
        with started_worker(deployment, variant) as worker:
            until(worker.is_ready, worker)
            ready_at, cpu, broker_cpu = monotonic(), worker.cpu_seconds(), _cpu_seconds(cluster.broker_pid)
            until_all_signals(deployment, worker, len(bars), report)
            until(lambda: deployment.lag() == 0, worker)
            seconds_to_commit = monotonic() - ready_at
            cpu = worker.cpu_seconds() - cpu
            broker_cpu = _cpu_seconds(cluster.broker_pid) - broker_cpu

        report("checking", len(bars))
        signals, seconds = _signals(deployment)
        check(bars, signals, deployment.count(topics.dead_letters), deployment.settings.strategy)
    changelogs = (topics.windows_changelog, topics.signals_changelog)
    return Result(
        bars=len(bars),
        produce_rate=produce_rate,
        rate=len(bars) / max(seconds, 0.001),
        seconds_to_commit=seconds_to_commit,
        cpu_micros=1e6 * cpu / len(bars),
        broker_cpu_micros=1e6 * broker_cpu / len(bars) if cluster.broker_pid else None,
        peak_bytes=worker.peak_bytes,
        changelog_bytes=_on_disk(cluster.stack_dir, changelogs) if cluster.stack_dir else None,
    )


@contextmanager
def started_worker(deployment: Deployment, variant: Variant) -> Iterator[BenchWorker]:
    """A worker that is ended gently, unless it was killed before. Raises WorkerStuck."""
    settings = deployment.settings
    environment = {
        **os.environ,
        **variant.settings,
        "KAFKA_BOOTSTRAP": str(settings.kafka_bootstrap),
        "SCHEMA_REGISTRY_URL": str(settings.schema_registry_url),
        "TOPIC_PREFIX": settings.topic_prefix,
        "DATA_DIR": str(deployment.directory / "data"),
        "API_PORT": str(any_free_port()),
    }
    worker = BenchWorker(variant.tree, environment, deployment.directory / "worker.log", variant.profiler)
    try:
        yield worker
        worker.stop()
    finally:
        worker.kill()


def _signals(deployment: Deployment) -> tuple[list[Signal], float]:
    """All signals, and the seconds from the first to the last."""
    messages = deployment.messages(deployment.topics.signals)
    values = [cast(bytes, message.value()) for message in messages]
    times = [message.timestamp()[1] for message in messages]
    decoder = Decoder(registry(deployment.settings), "signal")
    asyncio.run(decoder.prepare(values))
    return [cast(Signal, decoder.decode(value)) for value in values], (max(times) - min(times)) / 1000


def until(happened: Callable[[], bool], worker: BenchWorker) -> None:
    """Return once it happened. Raises WorkerEnded, WorkerStuck."""
    deadline = monotonic() + PATIENCE_SECONDS
    while not happened():
        worker.sample()
        if monotonic() > deadline:
            raise WorkerStuck(f"nothing happened for {PATIENCE_SECONDS:g} s:\n{worker.log_tail()}")
        sleep(LOOK_SECONDS)


def until_all_signals(deployment: Deployment, worker: BenchWorker, bars: int, report: Report) -> None:
    """Return once there are so many signals. Raises WorkerEnded, WorkerStuck."""
    done = 0

    def more() -> bool:
        nonlocal done
        before, done = done, deployment.count(deployment.topics.signals)
        report("processing", done)
        return done > before

    while done < bars:
        until(more, worker)
        sleep(LOOK_SECONDS)


def _cpu_seconds(pid: int | None) -> float:
    return sum(psutil.Process(pid).cpu_times()[:2]) if pid else 0.0


def _on_disk(stack_dir: Path, topics: Iterable[Topic]) -> int:
    return sum(
        segment.stat().st_size
        for topic in topics
        for partition in range(topic.partitions)
        for segment in (stack_dir / "kafka" / f"{topic.name}-{partition}").glob("*.log")
    )
