"""All runs of a benchmark, with progress: loads in order, variants in turns, so that both see the same machine."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.domain.records import Bar
from tests.bench import profile, recovery
from tests.bench.loads import Load
from tests.bench.measure import Cluster, Report, Result, Variant, run
from tests.bench.profile import Profile
from tests.bench.report import Recoveries, Runs

Measured = TypeVar("Measured")

Run = Callable[[Cluster, Path, str, Sequence[Bar], Report, Variant], Measured]


class Bench:
    """Runs on one cluster; `directory` takes each worker's data and log."""

    def __init__(self, cluster: Cluster, directory: Path, console: Console) -> None:
        self._cluster = cluster
        self._directory = directory
        self._console = console
        self._numbers = count(1)

    def measure(self, loads: Sequence[Load], runs: int, variants: Mapping[str, Variant]) -> Runs:
        """Run each load with each variant so many times."""
        results: Runs = {(load.name, name): [] for load in loads for name in variants}
        for load in loads:
            bars = load.make()
            for number in range(1, runs + 1):
                for name, variant in variants.items():
                    result = self._run(f"{load.name} {number}/{runs} {name}", bars, variant)
                    results[load.name, name].append(result)
        return results

    def recover(self, load: Load, runs: int, variants: Mapping[str, Variant]) -> Recoveries:
        """Kill a worker with full tables, so many times with each variant."""
        results: Recoveries = {name: [] for name in variants}
        bars = load.make()
        for number in range(1, runs + 1):
            for name, variant in variants.items():
                result = self._watched(f"recovery {number}/{runs} {name}", bars, variant, recovery.run)
                results[name].append(result)
        return results

    def profile(self, loads: Sequence[Load], variants: Mapping[str, Variant]) -> dict[str, Profile]:
        """Run each load with each variant once more, sampled."""
        found = {}
        for load in loads:
            bars = load.make()
            for name, variant in variants.items():
                title = f"{load.name} {name}"
                output = self._directory / f"{load.name}-{name}.raw"
                self._run(f"{title} profiled", bars, replace(variant, profiler=profile.command(output)))
                found[title] = profile.read(output, len(bars))
        return found

    def _run(self, title: str, bars: Sequence[Bar], variant: Variant) -> Result:
        result = self._watched(title, bars, variant, run)
        self._console.print(f"{title}: {result.rate:,.0f} bars/s, committed in {result.seconds_to_commit:.1f} s")
        return result

    def _watched(self, title: str, bars: Sequence[Bar], variant: Variant, run: Run[Measured]) -> Measured:
        """Run something with a progress bar."""
        name = f"bench{next(self._numbers)}"
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._console, transient=True) as progress:
            task = progress.add_task(title, total=len(bars))

            def report(doing: str, done: int) -> None:
                progress.update(task, description=f"{title}: {doing}", completed=done)

            return run(self._cluster, self._directory / name, name, bars, report, variant)
