"""The figures as a table for people, or as JSON."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from statistics import median

from rich.console import Console
from rich.table import Table

from tests.bench.measure import Result
from tests.bench.profile import Profile
from tests.bench.recovery import Result as Recovered

MIB = 2**20

#: The functions of a profile that are shown.
BUSIEST = 25

#: What is shown of each run, and how.
FIGURES: Sequence[tuple[str, str, Callable[[Result], float | None]]] = (
    ("bars", ",.0f", lambda run: run.bars),
    ("bars/s, first to last signal", ",.0f", lambda run: run.rate),
    ("s from ready to committed", ".1f", lambda run: run.seconds_to_commit),
    ("worker's CPU, µs/bar", ".1f", lambda run: run.cpu_micros),
    ("broker's CPU, µs/bar", ".1f", lambda run: run.broker_cpu_micros),
    ("worker's peak memory, MiB", ",.0f", lambda run: run.peak_bytes / MIB),
    ("changelogs on disk, MiB", ",.1f", lambda run: run.changelog_bytes and run.changelog_bytes / MIB),
    ("sent before, bars/s", ",.0f", lambda run: run.produce_rate),
)

#: What is shown of each recovery: seconds after kill -9.
RECOVERY_FIGURES: Sequence[tuple[str, str, Callable[[Recovered], float | None]]] = (
    ("symbols with full windows", ",.0f", lambda run: run.symbols),
    *(
        (f"disk {disk}, {phase}", ".1f", lambda run, disk=disk, phase=phase: getattr(getattr(run, disk), phase))
        for disk in ("kept", "lost")
        for phase in ("spawned", "joined", "restored", "ready", "signal")
    ),
    ("changelog records", ",.0f", lambda run: run.changelog_records),
    ("restoring them, s", ".1f", lambda run: run.lost.restoring),
    ("bare aiokafka reading them, s", ".1f", lambda run: run.aiokafka_seconds),
    ("bare librdkafka reading them, s", ".1f", lambda run: run.librdkafka_seconds),
    ("restoring to bare aiokafka", ".2f", lambda run: run.ratio),
    ("worker's peak memory, MiB", ",.0f", lambda run: run.peak_bytes / MIB),
)

Runs = dict[tuple[str, str], list[Result]]
"""The results by load and variant."""

Recoveries = dict[str, list[Recovered]]
"""The recoveries by variant."""


def show(runs: Runs, console: Console) -> None:
    """Medians, with the range where there were several runs."""
    table = Table("", title="One worker, through both agents and both tables: median (lowest to highest)")
    for load, variant in runs:
        table.add_column(f"{load}\n{variant}", justify="right")
    for title, form, figure in FIGURES:
        table.add_row(title, *(_spread(map(figure, results), form) for results in runs.values()))
    console.print(table)


def show_recoveries(recoveries: Recoveries, console: Console) -> None:
    """Medians, with the range where there were several runs."""
    table = Table("", title="kill -9 to the first right new signal, in seconds: median (lowest to highest)")
    for variant in recoveries:
        table.add_column(variant, justify="right")
    for title, form, figure in RECOVERY_FIGURES:
        table.add_row(title, *(_spread(map(figure, results), form) for results in recoveries.values()))
    console.print(table)


def show_profile(load: str, profile: Profile, console: Console) -> None:
    """Time a bar by kind of work, and the busiest functions."""
    table = Table(title=f"{load}: where the worker's time goes")
    for column in ("thread", "work"):
        table.add_column(column)
    table.add_column("µs/bar", justify="right")
    for thread, kind, microseconds in profile.kinds:
        if microseconds >= 0.05:
            table.add_row(thread, kind, f"{microseconds:.1f}")
    console.print(table)
    table = Table("function", title=f"{load}: the busiest functions, what they call aside")
    table.add_column("µs/bar", justify="right")
    for function, microseconds in profile.functions[:BUSIEST]:
        table.add_row(function, f"{microseconds:.1f}")
    console.print(table)


def as_json(runs: Runs, recoveries: Recoveries, profiles: dict[str, Profile]) -> str:
    """Everything, for other programs."""
    measured = [
        {
            "load": load,
            "code": variant,
            "median_rate": median(result.rate for result in results),
            "runs": [asdict(result) for result in results],
        }
        for (load, variant), results in runs.items()
        if results
    ]
    found = {
        "loads": measured,
        "recoveries": {variant: [asdict(result) for result in results] for variant, results in recoveries.items()},
        "profiles": {load: asdict(each) for load, each in profiles.items()},
    }
    return json.dumps(found)


def _spread(values: Iterable[float | None], form: str) -> str:
    found = sorted(value for value in values if value is not None)
    if not found:
        return "-"
    middle = format(median(found), form)
    return middle if found[0] == found[-1] else f"{middle} ({found[0]:{form}} to {found[-1]:{form}})"
