"""Whole sessions of many symbols, minute by minute, as a market sends them."""

import random
from collections.abc import Callable, Iterator
from datetime import date

from app.avro.serde import Encoder
from app.domain.records import MINUTE_MS
from app.sources.trading_sessions import sessions_from
from tests.bars import make_bar
from tests.harness.chaos.hostile_bars import Item

FIRST_DAY = date(2024, 11, 14)


def sessions(symbols: int, days: int) -> Callable[[str, Encoder, int], Callable[[], Item | None]]:
    """So many symbols in so many sessions, as a run's tapes."""

    def tape(run_id: str, encoder: Encoder, seed: int) -> Callable[[], Item | None]:
        items = bars(run_id, symbols, days, encoder, seed)
        return lambda: next(items, None)

    return tape


def bars(run_id: str, symbols: int, days: int, encoder: Encoder, seed: int) -> Iterator[Item]:
    """A random walk of each symbol, in whole cents."""
    chance = random.Random(seed)
    names = [f"S{number:04d}" for number in range(symbols)]
    closes = [chance.uniform(5, 500) for _ in names]
    for session in sessions_from(FIRST_DAY, days):
        for timestamp in range(session.open_ms, session.close_ms, MINUTE_MS):
            for index, name in enumerate(names):
                close = closes[index] = max(0.05, round(closes[index] * (1 + chance.gauss(0, 0.002)), 2))
                bar = make_bar(0, close, timestamp=timestamp, symbol=name, run_id=run_id, vwap=None)
                yield Item(name.encode(), encoder.encode(bar), bar)
