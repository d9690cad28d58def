"""The figures as tables for people."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.figures import Figure, Measurement
from tests.bench.profile import Profile

#: So many columns of figures fit into a terminal of 80 characters.
ABREAST = 3

#: The functions of a profile that are shown.
BUSIEST = 25

Runs = dict[tuple[str, str], list[Any]]
"""The results by load and variant; the first variant is the one that the others are compared with."""


def show(runs: Runs, kinds: dict[str, Measurement], console: Console) -> None:
    """Tables of each kind: medians, with the range of several runs; more than three variants are a row each."""
    for kind in dict.fromkeys(kinds[load] for load, _ in runs):
        shown = {key: results for key, results in runs.items() if kinds[key[0]] is kind}
        if len(shown) <= ABREAST:
            console.print(_figures_as_rows(kind, shown))
            continue
        for load in dict.fromkeys(load for load, _ in shown):
            of_load = {variant: results for (name, variant), results in shown.items() if name == load}
            for first in range(0, len(kind.figures), ABREAST):
                console.print(_variants_as_rows(load, kind, kind.figures[first : first + ABREAST], of_load))


def _figures_as_rows(kind: Measurement, shown: Runs) -> Table:
    table = Table("", title=f"{kind.title}: median (lowest to highest)")
    for load, variant in shown:
        table.add_column(f"{load}\n{variant}", justify="right")
    for figure in kind.figures:
        table.add_row(figure.title, *(_spread(figure, results) for results in shown.values()))
    return table


def _variants_as_rows(
    load: str, kind: Measurement, figures: Sequence[Figure], of_load: Mapping[str, Sequence[Any]]
) -> Table:
    table = Table("", title=f"{load}, {kind.title}: median (lowest to highest)")
    for figure in figures:
        table.add_column(figure.title, justify="right")
    for variant, results in of_load.items():
        table.add_row(variant, *(_spread(figure, results) for figure in figures))
    return table


def ratios(runs: Runs, kinds: dict[str, Measurement]) -> Iterator[str]:
    """A line for each load and other variant: the first variant's medians by the other's."""
    for load in dict.fromkeys(load for load, _ in runs):
        new, *others = [variant for name, variant in runs if name == load]
        for old in others:
            found = []
            for figure in kinds[load].figures:
                ours, theirs = (_median(figure, runs[load, variant]) for variant in (new, old))
                if figure.compared and ours is not None and theirs:
                    found.append(f"{figure.title.removesuffix(', s')} {ours / theirs:.2f}")
            yield f"{load}, {new} / {old}: {'; '.join(found)}"


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


def void(reasons: Mapping[tuple[str, str], Sequence[str]]) -> Iterator[str]:
    """A line for each run that does not count."""
    for (load, system), found in reasons.items():
        for reason in found:
            yield f"void: {load}, {system}: {reason[:300]}"


def where(machine: Mapping[str, str], versions: Mapping[str, str]) -> str:
    """The machine and the versions."""
    return "; ".join([*machine.values(), *(f"{name} {version}" for name, version in versions.items())])


def _values(figure: Figure, results: Sequence[Any]) -> list[float]:
    return sorted(value for value in map(figure.value, results) if value is not None)


def _median(figure: Figure, results: Sequence[Any]) -> float | None:
    values = _values(figure, results)
    return median(values) if values else None


def _spread(figure: Figure, results: Sequence[Any]) -> str:
    found, form = _values(figure, results), figure.form
    if not found:
        return "-"
    middle = format(median(found), form)
    return middle if found[0] == found[-1] else f"{middle} ({found[0]:{form}} to {found[-1]:{form}})"
