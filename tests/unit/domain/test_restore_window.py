import pytest

from app.domain.restore_window import restore_window
from app.domain.strategy import Strategy
from app.domain.window import Window
from tests.bars import make_bar, series
from tests.unit.domain.nights import DAY, never_open
from tests.unit.domain.pipeline import SERIES, Pipeline, contents
from tests.unit.domain.walks import WALKS

STRATEGY = Strategy()


@pytest.mark.parametrize("count", [0, 1, 2, 11, 12, 13, 59, 60, 61, 300])
def test_the_window_is_as_the_fold_left_it(count: int) -> None:
    pipeline = Pipeline(STRATEGY, keep_bars=100)
    pipeline.feed(series(WALKS["dollars"][:count]))
    restored = restore_window(pipeline.table.by_number(SERIES), STRATEGY)
    assert contents(restored) == contents(pipeline.window())


def test_no_rows_make_an_empty_window() -> None:
    assert contents(restore_window([], STRATEGY)) == contents(Window())


def test_what_bars_lack_and_whence_they_came_is_restored() -> None:
    pipeline = Pipeline(STRATEGY, keep_bars=100)
    pipeline.feed(
        [
            make_bar(0, 10.0, vwap=None, trade_count=None, origin="backfill"),
            make_bar(1, 11.0, vwap=10.5, trade_count=0, origin="live", source="alpaca", feed="sip"),
            make_bar(2, 12.0, origin="backfill"),
        ]
    )
    pipeline.feed([make_bar(1, 9.0)])
    restored = restore_window(pipeline.table.by_number(SERIES), STRATEGY)
    assert contents(restored) == contents(pipeline.window())
    assert [provenance.origin for provenance in restored.provenances] == ["backfill", "replay"]


def test_splits_are_found_in_the_rows_even_when_their_first_bar_is_not_kept() -> None:
    strategy = Strategy(fast=2, slow=3, rsi_period=2, late_bars=1)
    pipeline = Pipeline(strategy, gap=never_open)
    bars = [make_bar(0, 16.0), *[make_bar(DAY + minute, 8.0) for minute in range(6)], make_bar(2 * DAY, 4.0)]
    pipeline.feed([bar | {"adjustment": "raw"} for bar in bars])
    rows = pipeline.table.by_number(SERIES)
    assert [row.number for row in rows] == [4, 5, 6, 7]
    assert restore_window(rows, strategy).split_starts == [1, 7]
