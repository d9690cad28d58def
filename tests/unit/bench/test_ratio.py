from typing import Any, NamedTuple

import pytest

from tests.bench.ratio import ratio_line, times_faster


class Run(NamedTuple):
    rate: float
    seconds: float = 0.5


def runs(**rates: list[float]) -> dict[tuple[str, str], list[Any]]:
    """By `load__system`."""
    found = {}
    for name, each in rates.items():
        load, _, system = name.partition("__")
        found[load, system.replace("_two", "-2")] = [Run(rate) for rate in each]
    return found


def test_the_line_has_geometric_means_of_the_loads_and_the_burst() -> None:
    found = runs(
        wide__stocks=[100, 80, 90],
        wide__quix=[10, 10, 30],
        deep__stocks=[40],
        deep__quix=[10],
        burst__stocks=[1],
        burst__quix=[1],
    )
    assert ratio_line(found, ["quix"]) == "ratio quix=6.00 burst_s=0.500"


def test_a_peer_of_which_no_run_counts_is_void() -> None:
    assert ratio_line(runs(wide__stocks=[1], wide__raw=[]), ["raw"]) == "ratio raw=void"


def test_a_peer_that_was_measured_in_bursts_only_has_no_rate_to_compare() -> None:
    assert ratio_line(runs(burst__stocks=[1], burst__quix=[1]), ["quix"]) == "ratio burst_s=0.500"


def test_more_processes_count_where_they_are_faster() -> None:
    found = runs(
        wide__stocks=[10], wide__stocks_two=[20], wide__raw=[5], deep__stocks=[10], deep__stocks_two=[5], deep__raw=[5]
    )
    assert times_faster(found) == {"raw": {"wide": pytest.approx(4.0), "deep": pytest.approx(2.0)}}
