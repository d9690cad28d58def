from datetime import date

import pytest

from app.calendar.session import Session
from app.calendar.trading_calendar import TradingCalendar
from app.domain.records import MINUTE_MS
from app.times import from_iso as ms

THURSDAY = Session(ms("2024-11-14T14:30:00Z"), ms("2024-11-14T21:00:00Z"))
FRIDAY_OPEN = ms("2024-11-15T14:30:00Z")


@pytest.fixture
def calendar() -> TradingCalendar:
    return TradingCalendar()


@pytest.mark.parametrize(
    ("now", "closes", "opens"),
    [
        ("2024-11-14T14:29:59Z", None, "2024-11-14T14:30:00Z"),
        ("2024-11-14T14:30:00Z", "2024-11-14T21:00:00Z", "2024-11-15T14:30:00Z"),
        ("2024-11-14T20:59:59Z", "2024-11-14T21:00:00Z", "2024-11-15T14:30:00Z"),
        ("2024-11-14T21:00:00Z", None, "2024-11-15T14:30:00Z"),
        ("2024-11-15T22:00:00Z", None, "2024-11-18T14:30:00Z"),
        ("2024-11-28T16:00:00Z", None, "2024-11-29T14:30:00Z"),
        ("2024-11-29T17:59:00Z", "2024-11-29T18:00:00Z", "2024-12-02T14:30:00Z"),
        ("2024-11-29T18:00:00Z", None, "2024-12-02T14:30:00Z"),
        ("2024-03-08T23:00:00Z", None, "2024-03-11T13:30:00Z"),
        ("2024-11-01T23:00:00Z", None, "2024-11-04T14:30:00Z"),
    ],
    ids=[
        "before the open",
        "at the open",
        "the last second",
        "at the close",
        "weekend",
        "holiday",
        "half day",
        "after a half day",
        "summer time begins",
        "summer time ends",
    ],
)
def test_open_or_closed(calendar: TradingCalendar, now: str, closes: str | None, opens: str) -> None:
    session = calendar.session_at(ms(now))
    assert (session and session.close_ms) == (closes and ms(closes))
    assert calendar.next_open(ms(now)) == ms(opens)


def test_the_parts_of_a_span_in_which_the_exchange_was_open(calendar: TradingCalendar) -> None:
    assert calendar.spans(THURSDAY.close_ms - MINUTE_MS, FRIDAY_OPEN + 2 * MINUTE_MS) == [
        (THURSDAY.close_ms - MINUTE_MS, THURSDAY.close_ms),
        (FRIDAY_OPEN, FRIDAY_OPEN + 2 * MINUTE_MS),
    ]
    assert calendar.spans(THURSDAY.close_ms, FRIDAY_OPEN) == []
    assert calendar.spans(FRIDAY_OPEN, FRIDAY_OPEN) == []


@pytest.mark.parametrize(
    ("end", "minutes", "start"),
    [
        ("2024-11-14T16:30:00Z", 120, "2024-11-14T14:30:00Z"),
        ("2024-11-14T14:31:00Z", 11, "2024-11-13T20:50:00Z"),
        ("2024-11-14T14:30:00Z", 1, "2024-11-13T20:59:00Z"),
        ("2024-11-15T03:00:00Z", 1, "2024-11-14T20:59:00Z"),
        ("2024-11-15T03:00:00Z", 391, "2024-11-13T20:59:00Z"),
        ("2024-12-02T14:30:00Z", 211, "2024-11-27T20:59:00Z"),
    ],
)
def test_so_many_minutes_of_sessions_before(calendar: TradingCalendar, end: str, minutes: int, start: str) -> None:
    assert calendar.minutes_before(ms(end), minutes) == ms(start)


def test_so_many_sessions_before(calendar: TradingCalendar) -> None:
    assert calendar.opens_before(FRIDAY_OPEN, 1) == THURSDAY.open_ms
    assert calendar.opens_before(FRIDAY_OPEN + 1, 2) == THURSDAY.open_ms


def test_other_sessions_take_the_place_of_ours_and_the_changes_are_known(calendar: TradingCalendar) -> None:
    half = Session(THURSDAY.open_ms, THURSDAY.open_ms + 210 * MINUTE_MS)
    saturday = Session(ms("2024-11-16T14:30:00Z"), ms("2024-11-16T21:00:00Z"))
    friday = Session(FRIDAY_OPEN, FRIDAY_OPEN + 390 * MINUTE_MS)
    changes = calendar.replace(date(2024, 11, 14), date(2024, 11, 16), [half, saturday])
    assert changes == ([THURSDAY, friday], [half, saturday])
    assert calendar.session_at(half.close_ms) is None
    assert calendar.next_open(half.close_ms) == saturday.open_ms
    assert calendar.next_open(saturday.close_ms) == ms("2024-11-18T14:30:00Z")
    assert calendar.opens_before(half.open_ms, 1) == ms("2024-11-13T14:30:00Z")


def test_only_sessions_of_the_days_that_are_replaced_count(calendar: TradingCalendar) -> None:
    across_midnight = Session(THURSDAY.close_ms, THURSDAY.open_ms)
    monday = Session(ms("2024-11-18T14:30:00Z"), ms("2024-11-18T21:00:00Z"))
    calendar.replace(date(2024, 11, 15), date(2024, 11, 18), [monday, THURSDAY])
    calendar.replace(date(2024, 11, 13), date(2024, 11, 14), [across_midnight, THURSDAY])
    assert calendar.next_open(THURSDAY.open_ms) == monday.open_ms
    assert calendar.opens_before(THURSDAY.open_ms, 1) == ms("2024-11-12T14:30:00Z")


def test_an_empty_list_changes_nothing(calendar: TradingCalendar) -> None:
    assert calendar.replace(date(2024, 11, 1), date(2024, 11, 30), []) is None
    assert calendar.session_at(THURSDAY.open_ms) == THURSDAY


def test_the_same_calendar_is_no_difference(calendar: TradingCalendar) -> None:
    assert calendar.replace(date(2024, 11, 14), date(2024, 11, 14), [THURSDAY]) == ([], [])


def test_a_session_that_no_calendar_has_ends_with_the_next(calendar: TradingCalendar) -> None:
    now = ms("2024-11-15T04:00:30Z")
    calendar.open_until(now, ms("2024-11-15T20:00:00Z"))
    assert calendar.session_at(now) == Session(ms("2024-11-15T04:00:00Z"), FRIDAY_OPEN)
    calendar = TradingCalendar()
    calendar.open_until(now, ms("2024-11-15T06:00:00Z"))
    assert calendar.session_at(now) == Session(ms("2024-11-14T23:30:00Z"), ms("2024-11-15T06:00:00Z"))
    calendar = TradingCalendar()
    calendar.open_until(THURSDAY.close_ms + 90_000, THURSDAY.close_ms + 60 * MINUTE_MS)
    assert calendar.session_at(THURSDAY.close_ms) == Session(THURSDAY.close_ms, THURSDAY.close_ms + 60 * MINUTE_MS)
