from datetime import date

import pytest

from app.calendar.session import Session
from app.calendar.trading_calendar import TradingCalendar
from app.domain.records import MINUTE_MS
from app.sources.alpaca.calendar_sync import CalendarSync
from app.sources.alpaca.errors import AlpacaError, Interrupted, Unavailable
from app.sources.trading_sessions import sessions_between
from tests.unit.sources.alpaca.conftest import HastyClock
from tests.unit.sources.alpaca.fake_api import FakeApi, ms

NIGHT = ms("2024-11-14T03:00:00Z")


class Setting:
    """At night, before the session of the 14th."""

    def __init__(self, days: list[Session] | None = None) -> None:
        self.clock = HastyClock(NIGHT)
        self.api = FakeApi(self.clock, days or ())
        self.calendar = TradingCalendar()
        self.sync = CalendarSync(self.api, self.calendar, self.clock)


def test_the_calendar_of_alpaca_holds(caplog: pytest.LogCaptureFixture) -> None:
    days = sessions_between(date(2024, 10, 1), date(2024, 12, 31))
    holiday = Setting([day for day in days if day.day != date(2024, 11, 14)])
    holiday.sync.check()
    assert holiday.calendar.next_open(NIGHT) == ms("2024-11-15T14:30:00Z")
    assert [record.getMessage() for record in caplog.records] == [
        ("Alpaca has no session from 2024-11-14T14:30:00Z to 2024-11-14T21:00:00Z, the calendar has: Alpaca's holds.")
    ]


def test_a_session_that_alpaca_ends_early_is_named_with_both_ends(caplog: pytest.LogCaptureFixture) -> None:
    days = sessions_between(date(2024, 10, 1), date(2024, 12, 31))
    early = [day._replace(close_ms=day.open_ms + 210 * MINUTE_MS) if day.day.day == 14 else day for day in days]
    Setting(early).sync.check()
    assert [record.getMessage() for record in caplog.records] == [
        "Alpaca has no session from 2024-11-14T14:30:00Z to 2024-11-14T21:00:00Z, the calendar has: Alpaca's holds.",
        "Alpaca has a session from 2024-11-14T14:30:00Z to 2024-11-14T18:00:00Z, the calendar has not: Alpaca's holds.",
    ]


def test_of_many_differences_some_are_named(caplog: pytest.LogCaptureFixture) -> None:
    days = sessions_between(date(2024, 10, 1), date(2024, 12, 31))
    Setting([day._replace(open_ms=day.open_ms + MINUTE_MS) for day in days]).sync.check()
    assert [record.getMessage().count("from 20") for record in caplog.records] == [4, 4]
    assert " more, the calendar has: " in caplog.text


def test_an_empty_calendar_is_not_believed(caplog: pytest.LogCaptureFixture) -> None:
    setting = Setting(sessions_between(date(2024, 1, 2), date(2024, 1, 3)))
    setting.sync.check()
    assert setting.calendar.next_open(NIGHT) == ms("2024-11-14T14:30:00Z")
    assert "no session from 2024-10-24 to 2024-11-23, so the calendar stays" in caplog.text


@pytest.mark.parametrize("ahead_ms", [2_500, -90_000, 3 * 60 * MINUTE_MS])
def test_a_clock_that_is_off_is_set_right(ahead_ms: int, caplog: pytest.LogCaptureFixture) -> None:
    setting = Setting()
    setting.api.ahead_ms = ahead_ms
    setting.sync.check()
    setting.sync.check()
    assert setting.sync.now_ms() == setting.clock.ms + ahead_ms
    assert len(caplog.records) == 1


def test_a_clock_that_is_nearly_right_is_right(caplog: pytest.LogCaptureFixture) -> None:
    setting = Setting()
    setting.api.ahead_ms = 900
    setting.sync.check()
    assert setting.sync.now_ms() == NIGHT
    assert not caplog.records


def test_a_clock_that_stands_still_is_none(caplog: pytest.LogCaptureFixture) -> None:
    setting = Setting()
    setting.api.stands_at_ms = NIGHT - 60 * MINUTE_MS
    setting.sync.check()
    assert setting.sync.now_ms() == setting.clock.ms
    assert [record.getMessage() for record in caplog.records] == [
        "Alpaca's clock stands still at 2024-11-14T02:00:00Z; this machine's holds."
    ]


def test_open_is_open_whatever_the_calendars_say() -> None:
    setting = Setting()
    setting.api.is_open, setting.api.closes_ms = True, NIGHT + 60 * MINUTE_MS
    setting.sync.check()
    assert setting.calendar.session_at(NIGHT) == Session(NIGHT - 330 * MINUTE_MS, NIGHT + 60 * MINUTE_MS)


def test_open_until_a_time_that_is_past_is_nonsense() -> None:
    setting = Setting()
    setting.api.is_open, setting.api.closes_ms = True, NIGHT
    setting.sync.check()
    assert setting.calendar.session_at(NIGHT) is None


@pytest.mark.parametrize("now", ["2024-11-14T14:29:59Z", "2024-11-14T21:00:01Z"])
def test_seconds_around_open_and_close_are_no_session(now: str) -> None:
    setting = Setting()
    setting.clock.ms = ms(now)
    setting.api.is_open, setting.api.closes_ms = True, ms(now) + 60 * MINUTE_MS
    setting.sync.check()
    assert setting.calendar.session_at(ms(now)) is None


@pytest.mark.parametrize("error", [Unavailable("no answer"), AlpacaError("wrong keys")])
def test_without_an_answer_our_own_calendar_holds(error: AlpacaError, caplog: pytest.LogCaptureFixture) -> None:
    setting = Setting()
    setting.api.error = lambda: error
    setting.sync.check()
    assert setting.calendar.next_open(NIGHT) == ms("2024-11-14T14:30:00Z")
    assert [record.getMessage() for record in caplog.records] == [setting.sync.trouble]
    assert str(error) in caplog.text


def test_the_clock_is_asked_even_if_the_calendar_fails() -> None:
    setting = Setting()
    errors = iter([Unavailable("no answer")])
    setting.api.error = lambda: next(errors, None)
    setting.api.is_open, setting.api.closes_ms = True, NIGHT + 60 * MINUTE_MS
    setting.sync.check()
    assert setting.calendar.session_at(NIGHT)


def test_what_failed_is_checked_again_ever_more_rarely_until_it_succeeds() -> None:
    setting = Setting([day for day in sessions_between(date(2024, 10, 1), date(2024, 12, 31)) if day.day.day != 14])
    asked: list[int] = []

    def fail() -> AlpacaError | None:
        if setting.clock.ms not in asked:
            asked.append(setting.clock.ms)
        return Unavailable("no answer") if setting.clock.ms < NIGHT + 40 * MINUTE_MS else None

    setting.api.error = fail
    setting.sync.check()
    for minute in range(120):
        setting.clock.ms = NIGHT + minute * MINUTE_MS
        setting.sync.check_again()
    assert [(at - NIGHT) // MINUTE_MS for at in asked] == [0, 1, 3, 7, 15, 23, 31, 39, 47]
    assert setting.sync.trouble is None
    assert setting.calendar.next_open(NIGHT) == ms("2024-11-15T14:30:00Z")


def test_stopping() -> None:
    setting = Setting()
    setting.api.error = Interrupted
    with pytest.raises(Interrupted):
        setting.sync.check()
