"""Random bars for integration tests."""

import random
from collections.abc import Iterator

from app.domain.records import MINUTE_MS, Bar
from tests.bars import OPENING_MS, make_bar


def random_bars(symbols: int, minutes: int, seed: int, run_id: str = "test") -> Iterator[Bar]:
    """A random walk of each symbol, minute by minute, with flat stretches; the prices are whole cents."""
    chance = random.Random(seed)
    closes = [chance.uniform(5, 500) for _ in range(symbols)]
    for minute in range(minutes):
        for index, before in enumerate(closes):
            moved = chance.gauss(0, 0.002) if chance.random() > 0.05 else 0.0
            close = closes[index] = max(0.05, round(before * (1 + moved), 2))
            yield make_bar(
                minute,
                close,
                timestamp=OPENING_MS + minute * MINUTE_MS,
                symbol=f"S{index:04d}",
                run_id=run_id,
                open=round(before, 2),
                high=max(round(before, 2), close),
                low=min(round(before, 2), close),
                vwap=None,
            )
