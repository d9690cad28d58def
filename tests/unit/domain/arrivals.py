"""Sequences of bars as they arrive, and what must become of them."""

from dataclasses import dataclass, field
from random import Random

from app.domain.records import Bar
from app.domain.split import Gap
from app.domain.step import Outcome
from app.domain.strategy import Strategy
from tests import oracle
from tests.unit.domain.pipeline import Pipeline, every_minute

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
            bar = bar | {"origin": old["origin"], "adjustment": old["adjustment"]}
        self.accepted[timestamp] = bar
        if old:
            return Outcome.CORRECTED
        return Outcome.INSERTED if newer else Outcome.APPENDED


def values(bar: Bar) -> list[object]:
    return [bar["open"], bar["high"], bar["low"], bar["close"], bar["volume"], bar["trade_count"], bar["vwap"]]


def cut(bars: Arrivals, seed: int) -> list[Arrivals]:
    random, batches = Random(seed), list[Arrivals]()
    while bars:
        size = random.randint(1, 6)
        batches.append(bars[:size])
        bars = bars[size:]
    return batches


def check(bars: Arrivals, strategy: Strategy, seed: int, gap: Gap = every_minute) -> Pipeline:
    """Cut into batches and as one, they end as a computation from scratch over the accepted bars does."""
    model, pipeline, whole = Model(strategy), Pipeline(strategy, gap=gap), Pipeline(strategy, gap=gap)
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
    expected = oracle.final_signals(accepted, strategy, gap)
    assert oracle.differences(expected, pipeline.last_signals()) == []
    kept = pipeline.history.signals(accepted[0]["run_id"], accepted[0]["symbol"], strategy)
    assert oracle.differences(expected[-len(kept) :], kept) == []
    assert kept == sorted(pipeline.last_signals(), key=lambda signal: -signal["timestamp"])[: len(kept)]

    revisions: dict[int, list[int]] = {}
    for signal in pipeline.signals:
        revisions.setdefault(signal["timestamp"], []).append(signal["revision"])
    assert all(numbers == list(range(len(numbers))) for numbers in revisions.values())
    assert len({signal["id"] for signal in pipeline.signals}) == len(pipeline.signals)
    return pipeline
