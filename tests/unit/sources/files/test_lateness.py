"""A row is judged as the worker judges it."""

import random
from collections import Counter

from app.domain.outcome import Outcome
from app.domain.strategy import Strategy
from app.sources.files.bar_rows import BarRow, rows_of
from app.sources.files.lateness import Lateness
from tests.bars import make_bar
from tests.unit.domain.pipeline import Pipeline

MINUTE = 60_000


def test_the_worker_says_the_same_of_any_order() -> None:
    strategy = Strategy(fast=3, slow=5, rsi_period=3, late_bars=4)
    chance = random.Random(3)
    for _ in range(60):
        minutes, newest = [], 0
        for _ in range(40):
            newest += chance.randint(0, 2)
            minutes.append(max(0, newest - chance.choice((0, 0, 0, 1, 3, 6, 9, 14))))
        bars = [make_bar(minute, chance.choice((10.0, 11.0))) for minute in minutes]
        rows = [BarRow("AAPL", *(bar[name] for name in BarRow._fields[1:])) for bar in bars]  # type: ignore[literal-required]
        late = Lateness(strategy)
        late.add(rows_of(range(1, 41), rows))
        pipeline = Pipeline(strategy)
        pipeline.fold(bars)
        assert late.outcomes == Counter(pipeline.outcomes)
        assert late.stale == 0 or late.first_stale is not None


def test_each_series_has_a_window_of_its_own_and_the_first_stale_row_is_named() -> None:
    late = Lateness(Strategy(late_bars=1))
    times = [("A", 5), ("A", 6), ("A", 7), ("B", 4), ("A", 4), ("A", 6)]
    late.add(rows_of(range(2, 8), [BarRow(symbol, minute * MINUTE, 1, 1, 1, 1, 1) for symbol, minute in times]))
    assert late.outcomes == {Outcome.APPENDED: 4, Outcome.STALE: 1, Outcome.DUPLICATE: 1}
    assert late.first_stale == (0, 6, "A", 4 * MINUTE)
