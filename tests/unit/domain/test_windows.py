import numpy as np
import pytest

from app.domain.key import split_key
from app.domain.row import NO_ACTION, ROW, Rows
from app.domain.strategy import Strategy
from app.domain.windows import Windows
from tests.bars import make_bar, series
from tests.unit.domain.nights import DAY, never_open
from tests.unit.domain.pipeline import SERIES, Pipeline, Remembered, contents, remembered
from tests.unit.domain.walks import WALKS

STRATEGY = Strategy(fast=2, slow=4, rsi_period=3, late_bars=2)
SIZE = STRATEGY.window


def rows_of(numbers: range) -> Rows:
    rows = np.zeros(len(numbers), ROW)
    rows["number"] = rows["minute"] = numbers
    rows["close"] = rows["number"] + 0.5
    rows["action"] = 1
    return rows


def put(windows: Windows, place: int, numbers: range) -> None:
    windows.put(np.full(len(numbers), place), rows_of(numbers))


def is_of(windows: Windows, place: int, count: int) -> bool:
    """Whether so many bars of `rows_of` are what is known of a series."""
    known = range(max(0, count - STRATEGY.lookback), count)
    newest = rows_of(range(count - 1, count)).tobytes() if count else b""
    return remembered(windows, place) == Remembered(count, newest, [number + 0.5 for number in known])


def test_a_new_series_has_nothing() -> None:
    windows = Windows(STRATEGY)
    place = windows.add(SERIES)
    assert (windows.keys[place], windows.run_ids[place], windows.symbols[place]) == (SERIES, *split_key(SERIES))
    assert is_of(windows, place, 0)
    assert windows.newest_minutes(np.array([place])).tolist() == [-1]
    before = windows.before(np.array([place]))
    assert before.counts.tolist() == [0]
    assert (before.newest["action"].tolist(), before.newest["previous_action"].tolist()) == ([NO_ACTION], [NO_ACTION])


@pytest.mark.parametrize("count", [1, SIZE - 1, SIZE, SIZE + 1, 3 * SIZE + 2])
def test_the_newest_rows_are_kept_however_they_come(count: int) -> None:
    windows = Windows(STRATEGY)
    one, at_once, newest_alone = (windows.add(SERIES) for _ in range(3))
    for number in range(count):
        put(windows, one, range(number, number + 1))
    put(windows, at_once, range(count))
    newest = range(max(0, count - SIZE), count)
    put(windows, newest_alone, newest)
    for place in (one, at_once, newest_alone):
        assert is_of(windows, place, count)
        assert windows.newest_minutes(np.array([place])).tolist() == [count - 1]


@pytest.mark.parametrize("again", [1, 2])
def test_of_several_rows_with_one_number_the_last_counts(again: int) -> None:
    windows = Windows(STRATEGY)
    place = windows.add(SERIES)
    rows = rows_of(range(3))[[0, 1, 2, again]]
    rows["close"][3] = 99.0
    windows.put(np.full(4, place), rows)
    known = remembered(windows, place)
    assert known.closes == [99.0 if number == again else number + 0.5 for number in range(3)]
    assert known.newest == rows[3 if again == 2 else 2].tobytes()


def test_older_rows_that_changed_leave_the_newest_one() -> None:
    windows = Windows(STRATEGY)
    place = windows.add(SERIES)
    put(windows, place, range(9))
    rows = rows_of(range(6, 8))
    rows["close"] = 99.0
    windows.put(np.full(2, place), rows)
    known = remembered(windows, place)
    assert (known.bars, known.closes) == (9, [5.5, 99.0, 99.0, 8.5])
    assert known.newest == rows_of(range(8, 9)).tobytes()


def test_all_rows_of_a_series_are_read_where_they_are_kept() -> None:
    kept = {b"run\0A": (rows_of(range(3)), np.array([None] * 3))}
    windows = Windows(STRATEGY, kept.__getitem__)
    assert windows.series(windows.add(b"run\0A")) is kept[b"run\0A"]
    with pytest.raises(LookupError, match="not kept"):
        Windows(STRATEGY).series(0)


def test_series_have_places_of_their_own_also_when_there_are_many() -> None:
    windows = Windows(STRATEGY)
    places = [windows.add(SERIES) for _ in range(100)]
    assert len(set(places)) == 100
    for number, place in enumerate(places):
        put(windows, place, range(number + 1))
    for number, place in enumerate(places):
        assert is_of(windows, place, number + 1)


def test_a_place_that_is_used_again_knows_nothing_of_before() -> None:
    windows = Windows(STRATEGY)
    place = windows.add(SERIES)
    put(windows, place, range(9))
    windows.remove(place)
    assert windows.add(SERIES) == place
    assert is_of(windows, place, 0)
    assert windows.before(np.array([place])).newest["action"].tolist() == [NO_ACTION]


def test_a_series_in_a_used_place_is_as_in_a_new_one() -> None:
    used, new = Pipeline(STRATEGY), Pipeline(STRATEGY)
    used.feed(series(WALKS["thousands"][:30]))
    used.restart()
    used.table.rows.clear()
    for pipeline in (used, new):
        pipeline.signals.clear()
        pipeline.now_ms = 0
        pipeline.feed(series(WALKS["dollars"][:30]))
    assert used.signals == new.signals
    assert used.table.rows == new.table.rows


@pytest.mark.parametrize("count", [0, 1, 2, 11, 12, 13, 59, 60, 61, 300])
def test_what_the_rows_of_the_table_make_is_what_the_fold_left(count: int) -> None:
    pipeline = Pipeline(Strategy(), keep_bars=100)
    pipeline.feed(series(WALKS["dollars"][:count]))
    before = contents(pipeline.window())
    pipeline.restart()
    assert contents(pipeline.window()) == before


def test_what_bars_lack_and_whence_they_came_is_restored() -> None:
    pipeline = Pipeline(STRATEGY)
    pipeline.feed(
        [
            make_bar(0, 10.0, vwap=None, trade_count=None, origin="backfill"),
            make_bar(1, 11.0, vwap=10.5, trade_count=0, origin="live", source="alpaca", feed="sip"),
            make_bar(2, 12.0, origin="backfill"),
        ]
    )
    pipeline.feed([make_bar(1, 9.0)])
    before = contents(pipeline.window())
    pipeline.restart()
    assert contents(pipeline.window()) == before
    assert [provenance.origin for provenance in pipeline.window().provenances] == ["backfill", "replay", "backfill"]


def test_splits_are_kept_as_long_as_a_bar_of_their_series_is() -> None:
    pipeline = Pipeline(STRATEGY, gap=never_open)
    for minute, close in [(0, 16.0), (DAY, 8.0), *[(2 * DAY + number, 4.0) for number in range(9)]]:
        pipeline.feed([make_bar(minute, close, adjustment="raw")])
        window = pipeline.window()
        oldest = int(window.rows["number"][0])
        kept = [start for start, end in ((1, 2), (2, 99)) if oldest < end and start < window.bars_seen]
        assert window.split_starts == kept
    assert window.split_starts == [2]
    assert oldest > 2


def test_one_more_bar_moves_the_splits_behind_it() -> None:
    """A late bar on the first of three days, of which the others each begin with a split."""
    pipeline = Pipeline(STRATEGY, gap=never_open)
    bars = [make_bar(minute, close) for minute, close in [(0, 16.0), (DAY, 8.0), (2 * DAY, 4.0)]]
    pipeline.feed([bar | {"adjustment": "raw"} for bar in bars])
    assert pipeline.window().split_starts == [1, 2]
    pipeline.feed([make_bar(1, 16.0, adjustment="raw")])
    assert pipeline.window().split_starts == [2, 3]
    assert pipeline.window().rows["split_close"][2:].tolist() == [16.0, 8.0]
