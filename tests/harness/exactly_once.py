"""What a reader of committed records must see: each signal once, and the signals of a series in an order that adds up.

Like the oracle it shares nothing with the domain but the types.
"""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from math import fsum, isclose

from app.domain.records import Signal


@dataclass
class _Series:
    """What a reader knows of one series so far."""

    times: list[int] = field(default_factory=list)
    revisions: dict[int, int] = field(default_factory=dict)
    actions: dict[int, str] = field(default_factory=dict)
    closes: dict[int, float] = field(default_factory=dict)
    split: bool = False
    told: int = -1

    def take(self, signal: Signal) -> str | None:
        """Note a signal; a sentence when it does not follow from those before it."""
        time, revision = signal["timestamp"], signal["revision"]
        wanted = self.revisions.get(time, -1) + 1
        if revision != wanted:
            return f"revision {wanted} should come"
        if not revision:
            insort(self.times, time)
        elif time <= self.told and self.closes[time] == signal["close"] and not self.split:
            return "only a bar before it can have changed it, and it does not follow that"
        self.told = time
        self.revisions[time] = revision
        self.actions[time] = signal["action"]
        self.closes[time] = signal["close"]
        place = bisect_left(self.times, time)
        before = self.actions[self.times[place - 1]] if place else None
        if signal["previous_action"] != before:
            return f"the bar before it is {before} by then"
        # After a split bars are counted from one again.
        self.split = self.split or signal["split"] is not None
        if not self.split and signal["bars_seen"] != place + 1:
            return f"it is bar {place + 1} by then"
        average = self._average(place, signal["strategy"])
        if not self.split and average is not None and not isclose(signal["sma_fast"] or 0.0, average, rel_tol=1e-9):
            return f"its fast average is {average} by then"
        return None

    def _average(self, place: int, strategy: str) -> float | None:
        """The fast average as its name gives it, of the closes as they are known by now."""
        period = int(strategy.partition("-")[0].removeprefix("sma"))
        if place + 1 < period:
            return None
        return fsum(self.closes[time] for time in self.times[place + 1 - period : place + 1]) / period


def repeats(ids: Iterable[Hashable]) -> list[str]:
    """Sentences that name what comes more than once."""
    return [f"{each} came {times} times" for each, times in Counter(ids).items() if times > 1]


def disorder(signals: Iterable[Signal]) -> list[str]:
    """Sentences that name signals which do not follow from those before them.

    The signals of a series must come in the order in which they lie in their partition, from its first on:
    each revision after the one that it replaces, each bar when those before it in time are there and as they were.
    """
    series: dict[tuple[str, str, str], _Series] = {}
    problems = []
    for signal in signals:
        key = signal["run_id"], signal["symbol"], signal["strategy"]
        if why := series.setdefault(key, _Series()).take(signal):
            problems.append(f"{signal['id']}: {why}: {signal}")
    return problems


def wrong_delivery(signals: list[Signal]) -> list[str]:
    """Sentences that tell where signals are not there once each and in order."""
    return repeats(signal["id"] for signal in signals) or disorder(signals)
