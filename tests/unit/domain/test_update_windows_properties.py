"""Any sequence of bars, however it is cut into batches, aborted and restored, ends as a computation from scratch."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.outcome import Outcome
from app.domain.strategy import Strategy
from tests.bars import make_bar
from tests.unit.domain.arrivals import THEN, Arrival, check, random_then

# Thresholds that no ratio of small numbers hits.
TINY = Strategy(fast=2, slow=4, rsi_period=2, buy_below=31.7, sell_above=68.3, late_bars=2)
LATE = Strategy(fast=2, slow=3, rsi_period=2, buy_below=41.7, sell_above=58.3, late_bars=5)
SLOW_RSI = Strategy(fast=2, slow=6, rsi_period=5, buy_below=41.7, sell_above=58.3, late_bars=4)
DEFAULT = Strategy()
# One is the beginning of the other.
SYMBOLS = ["AA", "AA", "AA", "A"]


#: Minutes on from the newest bar, close, volume, origin, symbol, and what happens then.
CHOICES = st.tuples(
    st.sampled_from([1, 1, 1, 2, 3, 0, -1, -2, -3, -6]),
    st.sampled_from([1.0, 1.1, 1.2, 1.5, 2.0]),
    st.sampled_from([1.0, 2.0]),
    st.sampled_from(["live", "backfill"]),
    st.sampled_from(SYMBOLS),
    THEN,
)


@st.composite
def arrivals(draw: st.DrawFn) -> list[Arrival]:
    """Bars of two series around a moving minute: mostly the next one, often an older one."""
    minute = 0
    result: list[Arrival] = []
    for step, close, volume, origin, symbol, then in draw(st.lists(CHOICES, min_size=1, max_size=40)):
        bar = make_bar(minute + step, close, volume=volume, origin=origin, symbol=symbol)
        minute = max(minute, minute + step)
        result.append(Arrival(bar, then))
    return result


@pytest.mark.parametrize("strategy", [TINY, LATE, SLOW_RSI], ids=lambda strategy: strategy.name)
@given(arrivals=arrivals(), more_kept=st.sampled_from([0, 1, 7]))
def test_small_series(strategy: Strategy, arrivals: list[Arrival], more_kept: int) -> None:
    check(arrivals, strategy, keep_bars=strategy.window + more_kept)


@pytest.mark.parametrize("seed", range(12))
def test_long_series_with_the_default_strategy(seed: int) -> None:
    random = Random(seed)
    result: list[Arrival] = []
    price, minute = 100.0, 0
    for _ in range(800):
        step_back = random.choice([0] * 12 + [1, 2, 5, 11, 12, 40, 70])
        if not step_back:
            minute += random.choice([1] * 8 + [2, 4])
        price = round(price * (1 + random.gauss(0, 0.002)), 2) if random.random() < 0.8 else price
        changes = {"origin": random.choice(["live", "backfill"]), "symbol": random.choice(SYMBOLS)}
        bar = make_bar(max(0, minute - step_back), price, **changes)
        result.append(Arrival(bar, random_then(random)))
        if random.random() < 0.05:
            result.append(Arrival(random.choice(result[-20:]).bar, random_then(random)))
    pipeline = check(result, DEFAULT, keep_bars=DEFAULT.window + seed % 3)
    assert set(pipeline.outcomes) == set(Outcome)
