"""Splits among any bars, however they arrive, are cut and restored, end as a computation from scratch."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.strategy import Strategy
from tests.unit.domain.arrivals import THEN, Arrival, check, random_then
from tests.unit.domain.nights import Nights

TINY = Strategy(fast=2, slow=4, rsi_period=2, buy_below=31.7, sell_above=68.3, late_bars=2)
LATE = Strategy(fast=2, slow=3, rsi_period=2, buy_below=41.7, sell_above=58.3, late_bars=5)
DEFAULT = Strategy()
THREES, SIXTIES = Nights(3), Nights(60)
# Between them: 2:1, 4:1, 1:2, 1:4, 3:2, and moves that are no splits.
PRICES = [10.0, 10.1, 5.0, 4.9, 20.0, 6.7, 7.5]


#: Minutes on from the newest bar, close, open (None: the close), origin, adjustment, symbol, and what happens then.
CHOICES = st.tuples(
    st.sampled_from([1, 1, 1, 2, 3, 0, -1, -2, -3, -6]),
    st.sampled_from(PRICES),
    st.sampled_from([None, *PRICES]),
    st.sampled_from(["live", "backfill"]),
    st.sampled_from(["raw", "raw", "raw", ""]),
    st.sampled_from(["AA", "AA", "AA", "A"]),
    THEN,
)


@st.composite
def arrivals(draw: st.DrawFn) -> list[Arrival]:
    """Bars around a moving minute, on either side of nights over which prices jump."""
    number = 0
    result: list[Arrival] = []
    for step, close, open_, origin, adjustment, symbol, then in draw(st.lists(CHOICES, min_size=1, max_size=40)):
        changes = {"origin": origin, "adjustment": adjustment, "symbol": symbol}
        result.append(Arrival(THREES.bar(number + step, close, open=open_ or close, **changes), then))
        number = max(number, number + step)
    return result


@pytest.mark.parametrize("strategy", [TINY, LATE], ids=lambda strategy: strategy.name)
@given(arrivals=arrivals(), more_kept=st.sampled_from([0, 1, 7]))
def test_small_series(strategy: Strategy, arrivals: list[Arrival], more_kept: int) -> None:
    check(arrivals, strategy, keep_bars=strategy.window + more_kept, gap=THREES.gap)


@pytest.mark.parametrize("seed", range(8))
def test_long_series_with_the_default_strategy(seed: int) -> None:
    random = Random(seed)
    result: list[Arrival] = []
    price, number = 100.0, 0
    for _ in range(500):
        back = random.choice([0] * 12 + [1, 2, 5, 11, 12, 40, 70])
        if not back:
            number += random.choice([1] * 8 + [2, 4])
        factor = random.choice([0.5, 0.1, 2, 4]) if number % 60 < 3 and random.random() < 0.3 else 1.0
        price = round(price * factor * (1 + random.gauss(0, 0.002)), 2)
        result.append(Arrival(SIXTIES.bar(max(0, number - back), price), random_then(random)))
    pipeline = check(result, DEFAULT, keep_bars=DEFAULT.window + seed % 3, gap=SIXTIES.gap)
    assert "split_suspected" in {signal["reason"] for signal in pipeline.signals}
