"""Splits among any bars, however they arrive and are cut into batches, end as a computation from scratch does."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.strategy import Strategy
from tests.unit.domain.arrivals import Arrivals, check
from tests.unit.domain.nights import Nights

TINY = Strategy(fast=2, slow=4, rsi_period=3, buy_below=31.7, sell_above=68.3, late_bars=2)
NARROW = Strategy(fast=2, slow=3, rsi_period=2, buy_below=41.7, sell_above=58.3, late_bars=5)
DEFAULT = Strategy()
THREES, SIXTIES = Nights(3), Nights(60)
# Between them: 2:1, 4:1, 1:2, 1:4, 3:2, and moves that are no splits.
PRICES = [10.0, 10.1, 5.0, 4.9, 20.0, 6.7, 7.5]
ADJUSTED = ["raw", "raw", "raw", ""]


@st.composite
def arrivals(draw: st.DrawFn) -> Arrivals:
    """Bars around a moving minute, on either side of nights over which prices jump."""
    number, offset = 0, 0
    result: Arrivals = []
    for _ in range(draw(st.integers(1, 40))):
        shift = draw(st.sampled_from([1, 1, 1, 2, 3, 0, -1, -2, -3, -6]))
        target = number + shift
        number = max(number, target)
        offset += draw(st.sampled_from([1, 1, 1, 1, 1, 5, 0, -3]))
        close = draw(st.sampled_from(PRICES))
        open_ = draw(st.sampled_from([close, *PRICES]))
        labels = {"origin": draw(st.sampled_from(["live", "backfill"])), "adjustment": draw(st.sampled_from(ADJUSTED))}
        result.append((max(offset, 0), THREES.bar(target, close, open=open_, **labels)))
    return result


@pytest.mark.parametrize("strategy", [TINY, NARROW], ids=lambda strategy: strategy.name)
@given(bars=arrivals(), seed=st.integers(0, 1000))
def test_small_series(strategy: Strategy, bars: Arrivals, seed: int) -> None:
    check(bars, strategy, seed, THREES.gap)


@pytest.mark.parametrize("seed", range(8))
def test_long_series_with_the_default_strategy(seed: int) -> None:
    random = Random(seed)
    bars: Arrivals = []
    price, number, offset = 100.0, 0, 0
    for _ in range(500):
        back = random.choice([0] * 12 + [1, 2, 5, 11, 12, 40, 70])
        if not back:
            number += random.choice([1] * 8 + [2, 4])
        factor = random.choice([0.5, 0.1, 2, 4]) if number % 60 < 3 and random.random() < 0.3 else 1.0
        price = round(price * factor * (1 + random.gauss(0, 0.002)), 2)
        offset += random.choice([1] * 20 + [7, 0, -9])
        bars.append((max(offset, 0), SIXTIES.bar(max(0, number - back), price)))
    pipeline = check(bars, DEFAULT, seed, SIXTIES.gap)
    assert "split_suspected" in {signal["reason"] for signal in pipeline.signals}
