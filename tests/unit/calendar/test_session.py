from datetime import date, time

import pytest

from app.calendar.session import Session, new_york_day, new_york_ms
from app.times import from_iso, iso

THURSDAY = Session(from_iso("2024-11-14T14:30:00Z"), from_iso("2024-11-14T21:00:00Z"))


def test_a_session_has_a_day_and_minutes() -> None:
    assert (THURSDAY.day, THURSDAY.minutes) == (date(2024, 11, 14), 390)


@pytest.mark.parametrize(
    ("opens", "begin", "end"),
    [
        ("2024-11-14T14:30:00Z", "2024-11-14T09:00:00Z", "2024-11-15T01:00:00Z"),
        ("2024-07-15T13:30:00Z", "2024-07-15T08:00:00Z", "2024-07-16T00:00:00Z"),
    ],
    ids=["winter", "summer"],
)
def test_extended_hours_are_new_yorks(opens: str, begin: str, end: str) -> None:
    extended = Session(from_iso(opens), from_iso(opens) + 390 * 60_000).extended()
    assert (iso(extended.open_ms), iso(extended.close_ms)) == (begin, end)


def test_a_day_in_new_york_ends_later() -> None:
    assert new_york_day(from_iso("2024-11-15T03:00:00Z")) == date(2024, 11, 14)
    assert iso(new_york_ms(date(2024, 11, 15), time())) == "2024-11-15T05:00:00Z"
