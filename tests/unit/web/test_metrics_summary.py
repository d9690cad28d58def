"""Sums and quantiles of our metrics."""

import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram

from web.metrics_summary import by_label, quantile, totals


@pytest.fixture
def seconds() -> Histogram:
    return Histogram("seconds", "A test's.", buckets=(0.1, 1, 10), registry=CollectorRegistry())


def test_a_counter_by_label() -> None:
    counter = Counter("bars", "A test's.", ["outcome"], registry=CollectorRegistry())
    counter.labels("appended").inc(3)
    counter.labels("late").inc(0)
    assert by_label(counter) == {"appended": 3, "late": 0}


def test_totals(seconds: Histogram) -> None:
    assert totals(seconds) == (0, 0.0)
    seconds.observe(0.5)
    seconds.observe(2)
    assert totals(seconds) == (2, 2.5)


@pytest.mark.parametrize(("ratio", "bound"), [(0.5, 0.1), (0.75, 1.0), (0.99, 10.0)])
def test_a_quantile_is_the_bound_of_its_bucket(seconds: Histogram, ratio: float, bound: float) -> None:
    for value in (0.05, 0.05, 0.5, 5):
        seconds.observe(value)
    assert quantile(seconds, ratio) == bound


def test_a_quantile_of_nothing_or_above_all_bounds_is_not_known(seconds: Histogram) -> None:
    assert quantile(seconds, 0.5) is None
    seconds.observe(11)
    assert quantile(seconds, 0.5) is None
