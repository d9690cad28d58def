import pytest

from tests.bench.meter import Sample, cpu_between


def test_what_is_spent_between_two_looks_is_shared_evenly() -> None:
    samples = [Sample(100.0, 1.0, 50.0), Sample(101.0, 2.0, 50.0), Sample(102.0, 2.5, 54.0)]
    assert cpu_between(samples, 100.5, 101.5) == pytest.approx((0.75, 2.0))


def test_nothing_is_known_beyond_the_looks() -> None:
    samples = [Sample(100.0, 1.0, 50.0), Sample(101.0, 2.0, 50.5)]
    assert cpu_between(samples, 99.0, 105.0) == pytest.approx((1.0, 0.5))
