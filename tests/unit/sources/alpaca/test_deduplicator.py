from collections.abc import Iterable

from app.domain.records import MINUTE_MS
from app.sources.alpaca.bar import AlpacaBar
from app.sources.alpaca.deduplicator import REST_BEHIND_MS, Deduplicator
from tests.bars import OPENING_MS
from tests.unit.sources.alpaca.fake_api import bar

NOW_MS = OPENING_MS + 10 * MINUTE_MS
FIRST = bar("AAPL", OPENING_MS)
CORRECTED = FIRST._replace(close=FIRST.close * 1.01)
MINUTES = [bar("AAPL", OPENING_MS + minute * MINUTE_MS) for minute in range(3)]


class Passing(Deduplicator):
    """One bar at a time, and streams without a gap."""

    def fetches(self, each: AlpacaBar, asked_ms: int = NOW_MS) -> bool:
        return self.fetched([each], asked_ms) == [each]

    def streams(self, each: AlpacaBar, now_ms: int = NOW_MS) -> bool:
        return self.streamed([each], now_ms, None) == [each]


def closes(bars: Iterable[AlpacaBar]) -> list[tuple[int, float]]:
    return [((each.timestamp - OPENING_MS) // MINUTE_MS, each.close) for each in bars]


def test_a_bar_is_news_when_a_value_changed() -> None:
    without_vwap = FIRST._replace(vwap=None)
    assert Deduplicator().fetched([FIRST, FIRST, without_vwap, FIRST], NOW_MS) == [FIRST, without_vwap, FIRST]


def test_symbols_and_minutes_are_kept_apart() -> None:
    bars = [FIRST, bar("SPY", OPENING_MS), bar("AAPL", OPENING_MS + MINUTE_MS)]
    assert Deduplicator().fetched(bars, NOW_MS) == bars


def test_it_forgets_old_minutes() -> None:
    dedup = Passing()
    assert dedup.fetched(MINUTES[:2], NOW_MS) == MINUTES[:2]
    dedup.forget(OPENING_MS + MINUTE_MS)
    assert dedup.fetched(MINUTES[:2], NOW_MS) == MINUTES[:1]


def test_rest_that_is_behind_does_not_undo_what_the_stream_brought() -> None:
    dedup = Passing()
    assert dedup.streams(FIRST)
    assert dedup.streams(CORRECTED, NOW_MS + 30_000)
    assert not dedup.fetches(FIRST, NOW_MS + 30_500)
    assert not dedup.fetches(CORRECTED, NOW_MS + 60_000)
    assert not dedup.streams(CORRECTED, NOW_MS + 90_000)


def test_in_the_end_rest_has_the_last_word() -> None:
    dedup = Passing()
    assert dedup.streams(FIRST)
    assert not dedup.fetches(CORRECTED, NOW_MS + REST_BEHIND_MS - 1)
    assert dedup.fetches(CORRECTED, NOW_MS + REST_BEHIND_MS)
    assert dedup.fetches(bar("SPY", OPENING_MS))


def test_without_a_gap_nothing_is_held_back() -> None:
    assert Deduplicator().streamed(MINUTES, NOW_MS, None) == MINUTES


def test_bars_ahead_of_a_gap_are_held_back_and_come_first_when_it_is_filled() -> None:
    dedup = Deduplicator()
    assert dedup.streamed(MINUTES[::-1], NOW_MS, OPENING_MS + MINUTE_MS) == [MINUTES[0]]
    corrected = MINUTES[1]._replace(close=11.0)
    assert dedup.streamed([corrected], NOW_MS + 1, OPENING_MS + MINUTE_MS) == []
    updated = MINUTES[0]._replace(close=12.0)
    assert closes(dedup.streamed([updated], NOW_MS + 2, None)) == [(2, 10.0), (1, 11.0), (0, 12.0)]
    assert dedup.streamed([], NOW_MS, None) == []


def test_what_is_held_back_counts_from_when_it_came() -> None:
    dedup = Passing()
    dedup.streamed([FIRST], NOW_MS, OPENING_MS)
    assert dedup.streamed([], NOW_MS + REST_BEHIND_MS, None) == [FIRST]
    assert dedup.fetches(CORRECTED, NOW_MS + REST_BEHIND_MS)


def test_what_rest_brings_need_not_be_held_back() -> None:
    dedup = Deduplicator()
    dedup.streamed(MINUTES[:1], NOW_MS, OPENING_MS)
    dedup.streamed(MINUTES[1:2], NOW_MS + 1, OPENING_MS)
    dedup.drop_held(NOW_MS + 1 + REST_BEHIND_MS)
    assert dedup.streamed([], NOW_MS, None) == MINUTES[1:2]


def test_all_that_is_held_back_can_be_dropped() -> None:
    dedup = Deduplicator()
    dedup.streamed(MINUTES, NOW_MS, OPENING_MS)
    dedup.drop_held()
    assert dedup.streamed([], NOW_MS, None) == []
