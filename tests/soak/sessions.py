"""Whole sessions of many symbols, minute by minute, as a market sends them."""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from app.domain.records import MINUTE_MS
from app.serde import Encoder
from tests.bars import make_bar
from tests.chaos.tape import Item

#: Trading days in November 2024; each opens at 14:30 UTC.
DAYS = (14, 15, 18, 19, 20)
MINUTES = 390


def sessions(
    symbols: int, days: int, minutes: int = MINUTES
) -> Callable[[str, Encoder, int], Callable[[], Item | None]]:
    """So many symbols on so many days, as a run's tapes."""

    def tape(run_id: str, encoder: Encoder, seed: int) -> Callable[[], Item | None]:
        items = bars(run_id, symbols, days, minutes, encoder, seed)
        return lambda: next(items, None)

    return tape


def bars(run_id: str, symbols: int, days: int, minutes: int, encoder: Encoder, seed: int) -> Iterator[Item]:
    """A random walk of each symbol, in whole cents."""
    chance = random.Random(seed)
    names = [f"S{number:04d}" for number in range(symbols)]
    closes = [chance.uniform(5, 500) for _ in names]
    for day in DAYS[:days]:
        opening = int(datetime(2024, 11, day, 14, 30, tzinfo=UTC).timestamp()) * 1000
        for minute in range(minutes):
            for index, name in enumerate(names):
                close = closes[index] = max(0.05, round(closes[index] * (1 + chance.gauss(0, 0.002)), 2))
                timestamp = opening + minute * MINUTE_MS
                bar = make_bar(0, close, timestamp=timestamp, symbol=name, run_id=run_id, vwap=None)
                yield Item(name.encode(), encoder.encode(bar), bar)
