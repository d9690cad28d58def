"""What no reader of committed records may see is found: a signal twice, a hole, a wrong order."""

import random
from functools import cache

import pytest

from app.domain.records import Signal
from app.domain.strategy import Strategy
from tests.bars import make_bar
from tests.harness.chaos.hostile_bars import HostileBars
from tests.harness.exactly_once import wrong_delivery
from tests.integration.deployment import last_revisions
from tests.unit.domain.pipeline import Pipeline
from tests.unit.harness.chaos.test_accepted import encoder

STRATEGY = Strategy()


@cache
def written() -> tuple[Signal, ...]:
    tape = HostileBars("test", ["A", "B"], encoder(), seed=4)
    bars = [item.bar for item in (tape.next() for _ in range(800)) if item.bar]
    return tuple(Pipeline(STRATEGY).feed(bars))


def signals() -> list[Signal]:
    """Those of two symbols in bad times, in the order in which a worker writes them."""
    return list(written())


def test_signals_as_a_worker_writes_them_are_right() -> None:
    right = signals()
    assert {each["revision"] for each in right} >= {0, 1, 2}
    assert wrong_delivery(right) == []


@pytest.mark.parametrize("seed", range(20))
def test_a_repeated_signal_is_found(seed: int) -> None:
    found, chance = signals(), random.Random(seed)
    repeated = chance.choice(found)
    found.insert(chance.randrange(len(found)), repeated)
    assert wrong_delivery(found) == [f"{repeated['id']} came 2 times"]


@pytest.mark.parametrize("seed", range(20))
def test_a_hole_is_found(seed: int) -> None:
    found, chance = signals(), random.Random(seed)
    series = [each for each in found if each["symbol"] == "A"]
    lost = chance.choice(series[:-20])
    whole = last_revisions(found)
    found.remove(lost)
    # A bar's last revision may be missed by nobody but the oracle.
    assert wrong_delivery(found) or last_revisions(found) != whole


def test_two_signals_of_a_series_in_the_wrong_order_are_found() -> None:
    right = [each for each in signals() if each["symbol"] == "A"]
    # Before there are averages, little hangs on the order.
    first = next(index for index, each in enumerate(right) if each["sma_fast"] is not None)
    for index in range(first, len(right) - 1):
        found = [*right[:index], right[index + 1], right[index], *right[index + 2 :]]
        assert wrong_delivery(found), (right[index], right[index + 1])


def test_a_bar_that_came_before_its_neighbour_is_found() -> None:
    found = Pipeline(STRATEGY).feed([make_bar(minute, 10.0) for minute in (0, 1)])
    assert wrong_delivery(found) == []
    assert wrong_delivery(found[::-1])
