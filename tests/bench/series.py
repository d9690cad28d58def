"""All runs of a benchmark, with progress: loads in order, variants in turns, so that both see the same machine."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.domain.records import Bar
from tests.bench import profile
from tests.bench.catalogue import KINDS
from tests.bench.figures import Kind
from tests.bench.loads import Load
from tests.bench.profile import Profile
from tests.bench.report import Runs
from tests.bench.throughput import THROUGHPUT
from tests.bench.trial import Cluster, Trial, Variant


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
            bars, kind = load.make(), KINDS[load.name]
            for number in range(1, runs + 1):
                # Neither always has the younger cluster.
                for name in list(variants)[:: 1 if number % 2 else -1]:
                    title = f"{load.name} {number}/{runs} {name}"
                    result = self._run(title, kind, bars, variants[name])
                    results[load.name, name].append(result)
                    self._console.print(f"{title}: {_summary(kind, result)}", soft_wrap=True, highlight=False)
        return results

    def profile(self, loads: Sequence[Load], variants: Mapping[str, Variant]) -> dict[str, Profile]:
        """Run each load of throughput with each variant once more, sampled."""
        found = {}
        for load in (each for each in loads if KINDS[each.name] is THROUGHPUT):
            bars = load.make()
            for name, variant in variants.items():
                title = f"{load.name} {name}"
                output = self._directory / f"{load.name}-{name}.raw"
                profiled = replace(variant, profiler=profile.command(output))
                self._run(f"{title} profiled", THROUGHPUT, bars, profiled)
                found[title] = profile.read(output, len(bars))
        return found

    def _run(self, title: str, kind: Kind, bars: list[Bar], variant: Variant) -> Any:
        """Run something with a progress bar."""
        name = f"bench{next(self._numbers)}"
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._console, transient=True, refresh_per_second=2) as progress:
            task = progress.add_task(title, total=len(bars))

            def report(doing: str, done: int) -> None:
                progress.update(task, description=f"{title}: {doing}", completed=done)

            with Trial(self._cluster, self._directory / name, name, variant, report) as trial:
                return kind.run(trial, bars)


def _summary(kind: Kind, result: Any) -> str:
    values = ((figure, figure.value(result)) for figure in kind.figures if figure.compared)
    return "; ".join(f"{figure.title} {value:{figure.form}}" for figure, value in values if value is not None)
