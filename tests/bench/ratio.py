"""The one line that a bench ends with: how many times faster this project was than each peer."""

from collections.abc import Iterable, Mapping
from math import prod
from statistics import median
from typing import Any

from tests.bench.report import Runs

OURS = "stocks"

#: Loads whose rates are compared, from the first fetch to the last signal committed.
COMPARED = ("wide", "deep", "mid")

BURST = "burst"


def ours(systems: Iterable[str]) -> list[str]:
    """This project with one process, with two, and so on."""
    return [name for name in systems if name == OURS or name.startswith(f"{OURS}-")]


def rates(runs: Runs, load: str) -> dict[str, float]:
    """The median of bars a second by system, of those that have a run that counts."""
    return {
        system: median(run.rate for run in results)
        for (name, system), results in runs.items()
        if name == load and results
    }


def best_of_ours(found: Mapping[str, float]) -> str | None:
    """With how many processes this project was fastest."""
    return max(ours(found), key=lambda name: found[name], default=None)


def times_faster(runs: Runs) -> dict[str, dict[str, float]]:
    """By peer and load, how many times its rate this project had, with as many processes as were best."""
    found: dict[str, dict[str, float]] = {}
    for load in COMPARED:
        by_system = rates(runs, load)
        best = best_of_ours(by_system)
        if best is None:
            continue
        for system in by_system.keys() - set(ours(by_system)):
            found.setdefault(system, {})[load] = by_system[best] / by_system[system]
    return found


def ratio_line(runs: Runs, peers: Iterable[str]) -> str:
    """For example `ratio quix=5.1 raw=3.2 burst_s=0.41`: geometric means over the loads; `void` where no run counts.

    Peers of which none of these loads was measured are left out.
    """
    found = times_faster(runs)
    measured = {system for load, system in runs if load in COMPARED}
    said = [
        f"{peer}={_mean(found[peer].values()):.2f}" if peer in found else f"{peer}=void"
        for peer in peers
        if peer in measured
    ]
    bursts: list[Any] = runs.get((BURST, OURS), [])
    said += [f"burst_s={median(run.seconds for run in bursts):.3f}"] if bursts else []
    return " ".join(["ratio", *said])


def _mean(values: Iterable[float]) -> float:
    numbers = list(values)
    return float(prod(numbers) ** (1 / len(numbers)))
