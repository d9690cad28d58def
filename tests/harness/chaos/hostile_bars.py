"""Bars as they come in bad times, without end: corrected, repeated, late, too late, and some that are no bars."""

import random
from collections.abc import Sequence
from typing import NamedTuple

from app.avro.serde import Encoder
from app.domain.records import MINUTE_MS, Bar
from tests.bars import OPENING_MS, make_bar
from tests.integration.test_dead_letters import POISON

#: Corrections, repeats and late bars reach back so far: LATE_BARS is 10, so that some are too late.
REACH = 14

POISONED = 0.07
NO_TRADE = 0.03


class Item(NamedTuple):
    """What is sent as one record: a bar, or, where there is none, a poison of that reason."""

    key: bytes
    value: bytes | None
    bar: Bar | None
    reason: str = ""


class HostileBars:
    """The bars of one run; `encoder` is registered."""

    def __init__(self, run_id: str, symbols: Sequence[str], encoder: Encoder, seed: int) -> None:
        self._run_id = run_id
        self._encoder = encoder
        self._chance = random.Random(seed)
        self._series = [_Series(symbol, self._chance) for symbol in symbols]
        self._poison = [(reason, make) for reason, make in POISON if reason != "stale"]

    def next(self) -> Item:
        """The next record."""
        series = self._chance.choice(self._series)
        key = series.symbol.encode()
        if self._chance.random() < POISONED:
            reason, make = self._chance.choice(self._poison)
            return Item(key, make(self._encoder), None, reason)
        bar = make_bar(0, 0.0, symbol=series.symbol, run_id=self._run_id, vwap=None, **series.next())
        return Item(key, self._encoder.encode(bar), bar)


class _Series:
    """A random walk, in whole cents."""

    def __init__(self, symbol: str, chance: random.Random) -> None:
        self.symbol = symbol
        self._chance = chance
        self._close = chance.uniform(5, 500)
        self._minute = 0
        self._newest: list[tuple[int, float]] = []
        self._held_back: list[tuple[int, float, int]] = []

    def next(self) -> dict[str, float]:
        """Time and prices of its next bar."""
        due = next((held for held in self._held_back if held[2] <= self._minute), None)
        if due:
            self._held_back.remove(due)
            return _prices(*due[:2])
        kind = self._chance.random()
        if kind < 0.05 and self._newest:
            return _prices(*self._chance.choice(self._newest))
        if kind < 0.13 and self._newest:
            place = self._chance.randrange(len(self._newest))
            minute, close = self._newest[place]
            self._newest[place] = minute, max(0.05, round(close * self._chance.uniform(0.99, 1.01), 2))
            return _prices(*self._newest[place])
        if kind < 0.18:
            minute, close = self._walk()
            self._held_back.append((minute, close, minute + self._chance.randint(1, REACH)))
        self._newest = [*self._newest[1 - REACH :], self._walk()]
        return _prices(*self._newest[-1])

    def _walk(self) -> tuple[int, float]:
        self._minute += 1 + (self._chance.random() < NO_TRADE)
        if self._chance.random() > 0.05:
            self._close = max(0.05, round(self._close * (1 + self._chance.gauss(0, 0.002)), 2))
        return self._minute, self._close


def _prices(minute: int, close: float) -> dict[str, float]:
    return {"timestamp": OPENING_MS + minute * MINUTE_MS, **dict.fromkeys(("open", "high", "low", "close"), close)}
