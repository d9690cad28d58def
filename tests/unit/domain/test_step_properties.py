"""Any sequence of bars, however it arrives and is cut into batches, ends as a computation from scratch does."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.strategy import Strategy
from tests.bars import make_bar
from tests.unit.domain.arrivals import Arrivals, check, cut
from tests.unit.domain.pipeline import Pipeline

# Thresholds that no ratio of small numbers hits.
TINY = Strategy(fast=2, slow=4, rsi_period=3, buy_below=31.7, sell_above=68.3, late_bars=2)
NARROW = Strategy(fast=2, slow=3, rsi_period=2, buy_below=41.7, sell_above=58.3, late_bars=5)
DEFAULT = Strategy()


@st.composite
def arrivals(draw: st.DrawFn) -> Arrivals:
    """Bars around a moving minute: mostly the next one, often an older one, some from offsets already seen."""
    minute, offset = 0, 0
    result: Arrivals = []
    for _ in range(draw(st.integers(1, 40))):
        shift = draw(st.sampled_from([1, 1, 1, 2, 3, 0, -1, -2, -3, -6]))
        target = minute + shift
        minute = max(minute, target)
        offset += draw(st.sampled_from([1, 1, 1, 1, 1, 5, 0, -3]))
        label = draw(st.sampled_from(["live", "backfill"]))
        close = draw(st.sampled_from([1.0, 1.1, 1.2, 1.5, 2.0]))
        result.append((max(offset, 0), make_bar(target, close, volume=draw(st.sampled_from([1.0, 2.0])), origin=label)))
    return result


@pytest.mark.parametrize("strategy", [TINY, NARROW], ids=lambda strategy: strategy.name)
@given(bars=arrivals(), seed=st.integers(0, 1000))
def test_small_series(strategy: Strategy, bars: Arrivals, seed: int) -> None:
    check(bars, strategy, seed)


@pytest.mark.parametrize("seed", range(12))
def test_long_series_with_the_default_strategy(seed: int) -> None:
    random = Random(seed)
    bars: Arrivals = []
    price, minute, offset = 100.0, 0, 0
    for _ in range(600):
        step_back = random.choice([0] * 12 + [1, 2, 5, 11, 12, 40, 70])
        if not step_back:
            minute += random.choice([1] * 8 + [2, 4])
        price = round(price * (1 + random.gauss(0, 0.002)), 2) if random.random() < 0.8 else price
        offset += random.choice([1] * 20 + [7, 0, -9])
        origin = random.choice(["live", "backfill"])
        bars.append((max(offset, 0), make_bar(max(0, minute - step_back), price, origin=origin)))
    check(bars, DEFAULT, seed)


@given(bars=arrivals(), sent=st.integers(0, 5), crash=st.integers(0, 10), seed=st.integers(0, 1000))
def test_a_crash_before_the_window_is_stored_repeats_no_signal(
    bars: Arrivals, sent: int, crash: int, seed: int
) -> None:
    straight, crashed = Pipeline(TINY), Pipeline(TINY)
    straight.feed(bars)
    for number, batch in enumerate(cut(bars, seed)):
        if number == crash:
            stored = crashed.window
            crashed.feed(batch[:sent])
            crashed.window = stored
        crashed.feed(batch)
    assert crashed.signals == straight.signals
    assert crashed.window == straight.window
    assert crashed.history == straight.history
