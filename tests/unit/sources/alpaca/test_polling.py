from itertools import chain

import pytest

from app.calendar.trading_calendar import TradingCalendar
from app.domain.records import MINUTE_MS
from app.sources.alpaca.bar import AlpacaBar
from app.sources.alpaca.errors import AlpacaError, Unavailable
from app.sources.alpaca.polling import OVERLAP_MINUTES, SERVED_AFTER_MS, Polling, ended, requests_a_minute
from tests.unit.sources.alpaca.conftest import HastyClock
from tests.unit.sources.alpaca.fake_api import FakeApi, bar, minutes, ms, source

OPEN, CLOSE = ms("2024-11-14T14:30:00Z"), ms("2024-11-14T21:00:00Z")
NOON = ms("2024-11-14T17:00:00Z")


class Setting:
    """Polling of two symbols that trade every minute, from noon on."""

    def __init__(self, through_ms: int = NOON, known_until: dict[str, int] | None = None, **options: int) -> None:
        self.clock = HastyClock(through_ms)
        self.api = FakeApi(self.clock)
        self.polling = Polling(source(self.api, ["AAPL", "SPY"]), CALENDAR, through_ms, known_until or {}, **options)

    def ask(self, now_ms: int) -> list[AlpacaBar]:
        self.clock.ms = now_ms
        return list(chain.from_iterable(self.polling.ask(now_ms)))

    @property
    def spans(self) -> list[tuple[int, int]]:
        return [(asked.start_ms, asked.end_ms) for asked in self.api.asked]


CALENDAR = TradingCalendar()


def test_a_minute_is_due_when_it_has_ended_and_is_served() -> None:
    setting = Setting()
    due = setting.polling.due_ms(NOON)
    assert due == NOON + MINUTE_MS + SERVED_AFTER_MS
    assert ended(due) == NOON + MINUTE_MS
    assert ended(due - 1) == NOON
    assert setting.polling.due_ms(NOON, 40_000) == NOON + MINUTE_MS + 40_000


def test_each_request_overlaps_the_last_and_ends_with_the_last_minute_that_ended() -> None:
    setting = Setting()
    setting.ask(NOON + MINUTE_MS + SERVED_AFTER_MS)
    setting.ask(NOON + 2 * MINUTE_MS + 59_000)
    overlap = OVERLAP_MINUTES * MINUTE_MS
    assert setting.spans == [
        (NOON - overlap, NOON + MINUTE_MS),
        (NOON + MINUTE_MS - overlap, NOON + 2 * MINUTE_MS),
    ]


def test_after_failures_it_begins_where_all_is_certain() -> None:
    setting = Setting()
    setting.api.trade(("AAPL", "SPY"), OPEN, CLOSE)
    error: AlpacaError | None = Unavailable("no answer")
    setting.api.error = lambda: error
    for minute in range(1, 31):
        with pytest.raises(Unavailable):
            setting.ask(NOON + minute * MINUTE_MS + SERVED_AFTER_MS)
    error = None
    bars = setting.ask(NOON + 31 * MINUTE_MS + SERVED_AFTER_MS)
    assert {each.timestamp for each in bars} >= set(minutes(NOON, NOON + 31 * MINUTE_MS))
    assert setting.polling.through_ms == NOON + 31 * MINUTE_MS


def test_a_long_time_comes_in_parts_that_are_not_asked_for_twice() -> None:
    setting = Setting(most_at_once=120)
    asked = setting.polling.ask(NOON + 150 * MINUTE_MS + SERVED_AFTER_MS)
    assert len([next(asked), next(asked)]) == 2
    setting.api.error = lambda: Unavailable("no answer")
    with pytest.raises(Unavailable):
        next(asked)
    first = NOON - OVERLAP_MINUTES * MINUTE_MS
    hour = 60 * MINUTE_MS
    assert setting.spans == [(first + part * hour, first + (part + 1) * hour) for part in range(2)] + [
        (first + 2 * hour, NOON + 150 * MINUTE_MS)
    ]
    assert setting.polling.through_ms == first + 2 * hour


def test_only_sessions_are_asked_for() -> None:
    setting = Setting(CLOSE - 5 * MINUTE_MS)
    morning = ms("2024-11-15T14:30:00Z")
    setting.ask(morning + MINUTE_MS + SERVED_AFTER_MS)
    assert setting.spans == [(CLOSE - 16 * MINUTE_MS, CLOSE), (morning, morning + MINUTE_MS)]


def test_it_is_over_when_nothing_more_can_be_asked_for() -> None:
    polling = Setting(CLOSE - MINUTE_MS).polling
    assert not polling.is_over(CLOSE - 1)
    assert not polling.is_over(CLOSE)
    polling.through_ms = CLOSE + 10 * MINUTE_MS
    assert not polling.is_over(CLOSE + 11 * MINUTE_MS)
    polling.through_ms = CLOSE + 11 * MINUTE_MS
    assert polling.is_over(CLOSE + 11 * MINUTE_MS)
    assert not polling.is_over(ms("2024-11-15T14:30:00Z"))


def test_outside_sessions_nothing_is_asked() -> None:
    setting = Setting(OPEN - 60 * MINUTE_MS)
    assert setting.ask(OPEN + SERVED_AFTER_MS) == []
    assert setting.spans == []
    assert setting.polling.through_ms == OPEN


def test_a_symbol_that_alpaca_was_behind_with_is_asked_for_its_silence() -> None:
    setting = Setting()
    setting.api.trade(["SPY"], OPEN, CLOSE)
    for timestamp in minutes(OPEN, NOON):
        setting.api.add(bar("AAPL", timestamp))
    late = list(minutes(NOON, NOON + 30 * MINUTE_MS))
    for timestamp in late:
        setting.api.add(bar("AAPL", timestamp), NOON + 30 * MINUTE_MS)
    given = [
        each.timestamp
        for minute in range(1, 32)
        for each in setting.ask(NOON + minute * MINUTE_MS + SERVED_AFTER_MS)
        if each.symbol == "AAPL" and each.timestamp >= NOON
    ]
    assert list(dict.fromkeys(given)) == late
    assert [asked.symbols for asked in setting.api.asked if len(asked.symbols) == 1] == [("AAPL",)]


def test_a_symbol_that_trades_rarely_is_not_given_twice() -> None:
    setting = Setting()
    for minute in (0, 40, 80):
        setting.api.add(bar("AAPL", NOON + minute * MINUTE_MS))
    given = [
        [each.timestamp for each in setting.ask(NOON + minute * MINUTE_MS + SERVED_AFTER_MS)] for minute in range(1, 90)
    ]
    assert {len(times) for times in given} == {0, 1}


def test_yesterdays_silence_is_past() -> None:
    setting = Setting(ms("2024-11-13T15:00:00Z"), {"AAPL": ms("2024-11-13T14:50:00Z")})
    setting.polling.through_ms = NOON
    setting.api.add(bar("AAPL", NOON))
    assert len(setting.ask(NOON + MINUTE_MS + SERVED_AFTER_MS)) == 1
    assert setting.spans[-1] == (OPEN, NOON - OVERLAP_MINUTES * MINUTE_MS)


def test_a_clock_that_is_set_back_loses_no_minute() -> None:
    setting = Setting()
    an_hour_ago = NOON - 60 * MINUTE_MS
    assert setting.polling.due_ms(an_hour_ago) == an_hour_ago - MINUTE_MS + MINUTE_MS + SERVED_AFTER_MS
    setting.ask(an_hour_ago + SERVED_AFTER_MS)
    assert setting.polling.through_ms == an_hour_ago


def test_requests_a_minute() -> None:
    assert requests_a_minute(["AAPL", "SPY"]) == 1
    assert requests_a_minute([f"S{number:04}" for number in range(1_000)]) == 2
