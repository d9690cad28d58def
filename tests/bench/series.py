"""All runs of a benchmark, with progress: loads in order, systems in turns, so that all see the same machine."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from confluent_kafka import KafkaException
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.avro.serde import Encoder
from app.kafka.clients import registry
from tests.bench import profile
from tests.bench.check import WrongSignals
from tests.bench.figures import Measurement
from tests.bench.loads import Load
from tests.bench.measured_loads import KINDS
from tests.bench.profile import Profile
from tests.bench.recorded_bars import RecordedBars
from tests.bench.report import Runs
from tests.bench.running import WorkerEnded, WorkerStuck
from tests.bench.throughput import THROUGHPUT
from tests.bench.trial import Trial, TrialCluster, Variant


@dataclass(slots=True)
class Measured:
    """By load and system: results of the runs that count, why the others are void, the load as this system had it."""

    runs: Runs = field(default_factory=dict)
    void: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    loads: dict[tuple[str, str], Load] = field(default_factory=dict)

    def add(self, load: Load, system: str) -> None:
        """Take a load of a system in, with no result so far."""
        key = load.name, system
        self.runs[key], self.void[key], self.loads[key] = [], [], load


class BenchSeries:
    """Runs on one cluster; `directory` takes each program's data and log."""

    def __init__(self, cluster: TrialCluster, directory: Path, console: Console) -> None:
        self._cluster = cluster
        self._directory = directory
        self._console = console
        self._numbers = count(1)
        self._encoder = Encoder("bar")
        asyncio.run(self._encoder.register(registry(cluster.settings()), "bench-value"))
        self.measured = Measured()

    def measure(self, load: Load, runs: int, variants: Mapping[str, Variant]) -> None:
        """Run a load with each variant so many times. A run that lost or changed a signal is void, and said so."""
        kind = KINDS[load.name]
        able = {name: variant for name, variant in variants.items() if kind.for_peers or not variant.peer}
        parts = {name: load.part(variant.share) for name, variant in able.items()}
        for name, part in parts.items():
            self.measured.add(part, name)
        tapes = {part: part.make(self._encoder.encode) for part in dict.fromkeys(parts.values())}
        for number in range(1, runs + 1):
            # None always has the younger cluster.
            for name in list(parts)[:: 1 if number % 2 else -1]:
                title = f"{load.name} {number}/{runs} {name}"
                self._measure_once(title, (load.name, name), kind, tapes[parts[name]], variants[name])

    def _measure_once(
        self, title: str, key: tuple[str, str], kind: Measurement, tape: RecordedBars, variant: Variant
    ) -> None:
        try:
            result = self._run(title, kind, tape, variant)
        except (WrongSignals, WorkerEnded, WorkerStuck, KafkaException, httpx.HTTPError) as error:
            self.measured.void[key].append(str(error))
            said = f"void: {str(error)[:2000]}"
        else:
            self.measured.runs[key].append(result)
            said = _summary(kind, result)
        self._console.print(f"{title}: {said}", soft_wrap=True, highlight=False, markup=False)

    def profile(self, loads: Sequence[Load], variants: Mapping[str, Variant]) -> dict[str, Profile]:
        """Run each load of throughput with each variant of ours once more, sampled."""
        found = {}
        for load in (each for each in loads if KINDS[each.name] is THROUGHPUT):
            tape = load.make(self._encoder.encode)
            for name, variant in ((name, each) for name, each in variants.items() if not each.peer):
                title = f"{load.name} {name}"
                output = self._directory / f"{load.name}-{name}.raw"
                profiled = replace(variant, profiler=profile.command(output))
                self._run(f"{title} profiled", THROUGHPUT, tape, profiled)
                found[title] = profile.read(output, len(tape))
        return found

    def _run(self, title: str, kind: Measurement, tape: RecordedBars, variant: Variant) -> Any:
        """Run something with a progress bar."""
        name = f"bench{next(self._numbers)}"
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._console, transient=True, refresh_per_second=2) as progress:
            task = progress.add_task(title, total=len(tape))

            def report(doing: str, done: int) -> None:
                progress.update(task, description=f"{title}: {doing}", completed=done)

            with Trial(self._cluster, self._directory / name, name, variant, report) as trial:
                return kind.run(trial, tape)


def _summary(kind: Measurement, result: Any) -> str:
    values = ((figure, figure.value(result)) for figure in kind.figures if figure.compared)
    return "; ".join(f"{figure.title} {value:{figure.form}}" for figure, value in values if value is not None)
