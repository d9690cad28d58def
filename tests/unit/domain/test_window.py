from app.domain import bar_rows
from app.domain.provenance import Provenance
from app.domain.strategy import Strategy
from app.domain.window import Window
from tests.bars import OPENING_MS, make_bar, series
from tests.unit.domain.nights import DAY, never_open
from tests.unit.domain.packed import packed_closes
from tests.unit.domain.pipeline import contents, every_minute

STRATEGY = Strategy(fast=2, slow=4, rsi_period=3, late_bars=2)


def window_of(closes: list[float]) -> Window:
    window = Window()
    for bar in series(closes):
        window.append(bar, STRATEGY, every_minute)
    return window


def test_an_empty_window() -> None:
    window = Window()
    assert window.newest_minute == -1
    assert window.bars_seen == 0
    assert window.find(7) == (0, False)


def test_trimming_keeps_what_the_strategy_needs() -> None:
    window = window_of([float(close) for close in range(1, 21)])
    window.trim(STRATEGY)
    assert list(window.closes) == [15.0, 16.0, 17.0, 18.0, 19.0, 20.0]
    assert packed_closes(window.rows) == (15.0, 16.0, 17.0, 18.0, 19.0, 20.0)
    assert len(window.gains) == len(window.losses) == 4
    assert window.bars_seen == 20
    assert [window.number(index) for index in range(6)] == [14, 15, 16, 17, 18, 19]
    assert window.newest_minute == OPENING_MS // 60_000 + 19


def test_averages_are_sums_at_first_and_wilders_then() -> None:
    window = window_of([10.0, 11.0, 11.0, 13.0, 12.0])
    assert list(window.gains) == [0.0, 0.0, 1.0, 1.0, 1.0, 2 / 3]
    assert list(window.losses) == [0.0, 0.0, 0.0, 0.0, 0.0, 1 / 3]


def test_inserting_and_replacing_equal_appending_in_order() -> None:
    window = Window()
    for minute, close in [(0, 10.0), (1, 10.5), (3, 12.0), (4, 9.0)]:
        window.append(make_bar(minute, close), STRATEGY, every_minute)
    window.insert(2, make_bar(2, 12.5), STRATEGY, every_minute)
    window.replace(1, make_bar(1, 11.0), STRATEGY, every_minute)
    assert contents(window) == contents(window_of([10.0, 11.0, 12.5, 12.0, 9.0]))


def test_same_looks_at_values_and_not_at_the_provenance() -> None:
    window = window_of([10.0, 11.0])
    assert window.same(1, make_bar(1, 11.0, origin="live", feed="sip"))
    assert not window.same(1, make_bar(1, 11.0, volume=1.0))
    assert not window.same(1, make_bar(1, 11.0, vwap=None))
    assert not window.same(1, make_bar(1, 11.0, trade_count=None))


def test_find_says_where_a_minute_is_or_belongs() -> None:
    window = Window()
    for minute in (1, 2, 5):
        window.append(make_bar(minute, 10.0), STRATEGY, every_minute)
    opening = OPENING_MS // 60_000
    found = [window.find(opening + minute) for minute in range(7)]
    assert found == [(0, False), (0, True), (1, True), (2, False), (2, False), (2, True), (3, False)]


def test_provenances_that_no_bar_has_go_when_a_new_one_comes() -> None:
    window = Window()
    bars = [make_bar(minute, 10.0, source=f"file {minute}") for minute in range(300)]
    for bar in bars:
        window.append(bar, STRATEGY, every_minute)
    assert len(window.provenances) <= STRATEGY.window + 1
    window.trim(STRATEGY)
    sources = [window.provenances[index].source for index in bar_rows.provenances(window.rows)]
    assert sources == [bar["source"] for bar in bars[-STRATEGY.window :]]


def test_one_source_is_one_provenance() -> None:
    assert window_of([10.0] * 100).provenances == [Provenance("replay", "csv:bars.csv", "")]


def test_one_more_bar_moves_the_splits_behind_it() -> None:
    """A late bar on the first of three days, of which the others each begin with a split."""
    window = Window()
    for minute, close in [(0, 16.0), (2, 16.0), (DAY, 8.0), (2 * DAY, 4.0)]:
        window.append(make_bar(minute, close, adjustment="raw"), STRATEGY, never_open)
    assert window.split_starts == [2, 3]
    window.insert(1, make_bar(1, 16.0, adjustment="raw"), STRATEGY, never_open)
    assert window.split_starts == [3, 4]
    assert window.split_prices(3) == (16.0, 8.0)


def test_splits_are_kept_as_long_as_a_bar_of_their_series_is() -> None:
    window = Window()
    for minute, close in [(0, 16.0), (DAY, 8.0), *[(2 * DAY + number, 4.0) for number in range(9)]]:
        window.append(make_bar(minute, close, adjustment="raw"), STRATEGY, never_open)
        window.trim(STRATEGY)
        # A series' start matters while one of its bars is kept, and so does each later one.
        oldest = window.number(0)
        kept = [start for start, end in ((1, 2), (2, 99)) if oldest < end and start < window.bars_seen]
        assert window.split_starts == kept
    assert window.split_starts == [2]
    assert window.number(0) > 2
