"""Any sequence of bars, however it arrives and is cut into batches, ends as a computation from scratch does."""

from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.records import Bar
from app.domain.step import Outcome
from app.domain.strategy import Strategy
from tests import oracle
from tests.bars import make_bar
from tests.unit.domain.pipeline import Pipeline, every_minute

# Thresholds that no ratio of small numbers hits.
TINY = Strategy(fast=2, slow=4, rsi_period=3, buy_below=31.7, sell_above=68.3, late_bars=2)
NARROW = Strategy(fast=2, slow=3, rsi_period=2, buy_below=41.7, sell_above=58.3, late_bars=5)
DEFAULT = Strategy()

Arrivals = list[tuple[int, Bar]]


@dataclass
class Model:
    """Which bars are taken, by the words of the design."""

    strategy: Strategy
    accepted: dict[int, Bar] = field(default_factory=dict)
    seen: int = -1

    def arrive(self, offset: int, bar: Bar) -> Outcome:
        if offset <= self.seen:
            return Outcome.REDELIVERED
        self.seen = offset
        timestamp, times = bar["timestamp"], sorted(self.accepted)
        newer = sum(time > timestamp for time in times)
        if timestamp in times[-self.strategy.window :] and values(self.accepted[timestamp]) == values(bar):
            return Outcome.DUPLICATE
        if newer > self.strategy.late_bars:
            return Outcome.STALE
        old = self.accepted.get(timestamp)
        if old and old["close"] == bar["close"]:
            bar = bar | {"origin": old["origin"]}
        self.accepted[timestamp] = bar
        if old:
            return Outcome.CORRECTED
        return Outcome.INSERTED if newer else Outcome.APPENDED


def values(bar: Bar) -> list[object]:
    return [bar["open"], bar["high"], bar["low"], bar["close"], bar["volume"], bar["trade_count"], bar["vwap"]]


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


def cut(bars: Arrivals, seed: int) -> list[Arrivals]:
    random, batches = Random(seed), list[Arrivals]()
    while bars:
        size = random.randint(1, 6)
        batches.append(bars[:size])
        bars = bars[size:]
    return batches


def check(bars: Arrivals, strategy: Strategy, seed: int) -> None:
    model, pipeline, whole = Model(strategy), Pipeline(strategy), Pipeline(strategy)
    outcomes = [model.arrive(offset, bar) for offset, bar in bars]
    for batch in cut(bars, seed):
        pipeline.feed(batch)
    whole.feed(bars)

    assert pipeline.outcomes == outcomes
    assert pipeline.indicators == whole.indicators
    assert pipeline.signals == whole.signals
    assert pipeline.window == whole.window
    assert pipeline.history == whole.history

    accepted = [model.accepted[timestamp] for timestamp in sorted(model.accepted)]
    expected = oracle.final_signals(accepted, strategy, every_minute)
    assert oracle.differences(expected, pipeline.last_signals()) == []
    kept = pipeline.history.signals(accepted[0]["run_id"], accepted[0]["symbol"], strategy)
    assert oracle.differences(expected[-len(kept) :], kept) == []
    assert kept == sorted(pipeline.last_signals(), key=lambda signal: -signal["timestamp"])[: len(kept)]

    revisions: dict[int, list[int]] = {}
    for signal in pipeline.signals:
        revisions.setdefault(signal["timestamp"], []).append(signal["revision"])
    assert all(numbers == list(range(len(numbers))) for numbers in revisions.values())
    assert len({signal["id"] for signal in pipeline.signals}) == len(pipeline.signals)


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
