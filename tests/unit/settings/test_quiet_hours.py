from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.settings.quiet_hours import QuietHours

NEW_YORK = ZoneInfo("America/New_York")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def quiet_minutes(quiet: QuietHours, start: str, hours: int) -> list[datetime]:
    minutes = [utc(start) + timedelta(minutes=number) for number in range(hours * 60)]
    return [minute for minute in minutes if quiet.includes(minute)]


@pytest.mark.parametrize(
    ("moment", "expected"),
    [("21:59", False), ("22:00", True), ("00:00", True), ("06:59", True), ("07:00", False), ("12:00", False)],
)
def test_over_midnight(moment: str, expected: bool) -> None:
    quiet = QuietHours.parse("22:00-07:00 America/New_York")
    local = datetime.fromisoformat(f"2024-07-10T{moment}").replace(tzinfo=NEW_YORK)
    assert quiet.includes(local.astimezone(UTC)) is expected


def test_within_a_day() -> None:
    quiet = QuietHours.parse("12:00-13:30 UTC")
    found = quiet_minutes(quiet, "2024-07-10T00:00", 24)
    assert (found[0], found[-1], len(found)) == (utc("2024-07-10T12:00"), utc("2024-07-10T13:29"), 90)


def test_a_night_is_an_hour_shorter_when_clocks_go_forward() -> None:
    """2024-03-10 in New York: 02:00 EST is 03:00 EDT."""
    quiet = QuietHours.parse("22:00-07:00 America/New_York")
    found = quiet_minutes(quiet, "2024-03-09T18:00", 24)
    assert (found[0], found[-1], len(found)) == (utc("2024-03-10T03:00"), utc("2024-03-10T10:59"), 8 * 60)


def test_a_night_is_an_hour_longer_when_clocks_go_back() -> None:
    """2024-11-03 in New York: 02:00 EDT is 01:00 EST."""
    quiet = QuietHours.parse("22:00-07:00 America/New_York")
    found = quiet_minutes(quiet, "2024-11-02T18:00", 24)
    assert (found[0], found[-1], len(found)) == (utc("2024-11-03T02:00"), utc("2024-11-03T11:59"), 10 * 60)


def test_an_end_that_is_there_twice_is_the_second_one_and_nothing_is_sent_in_between() -> None:
    quiet = QuietHours.parse("22:00-01:30 America/New_York")
    found = quiet_minutes(quiet, "2024-11-02T18:00", 24)
    assert (found[0], found[-1]) == (utc("2024-11-03T02:00"), utc("2024-11-03T06:29"))
    assert len(found) == 270, "without a hole"


def test_an_end_that_is_not_there_comes_as_late_as_without_the_change() -> None:
    quiet = QuietHours.parse("22:00-02:30 America/New_York")
    found = quiet_minutes(quiet, "2024-03-09T18:00", 24)
    assert (found[0], found[-1], len(found)) == (utc("2024-03-10T03:00"), utc("2024-03-10T07:29"), 270)


def test_a_start_that_is_there_twice_is_the_first_one() -> None:
    quiet = QuietHours.parse("01:30-04:00 America/New_York")
    found = quiet_minutes(quiet, "2024-11-03T00:00", 24)
    assert (found[0], found[-1]) == (utc("2024-11-03T05:30"), utc("2024-11-03T08:59"))


def test_hours_that_are_not_there_are_quiet_no_later_than_that_day() -> None:
    quiet = QuietHours.parse("02:15-02:45 America/New_York")
    assert all(minute < utc("2024-03-10T08:00") for minute in quiet_minutes(quiet, "2024-03-10T00:00", 24))
    assert len(quiet_minutes(quiet, "2024-03-12T00:00", 24)) == 30


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("22:00-07:00", "must be like 22:00-07:00 America/New_York"),
        ("22-7 UTC", "must be like"),
        ("24:00-07:00 UTC", "hour above 23"),
        ("22:60-07:00 UTC", "minute above 59"),
        ("22:00-22:00 UTC", "begins and ends at the same time"),
        ("22:00-07:00 America/Gotham", "'America/Gotham', which is no time zone"),
        ("22:00-07:00 ../etc/passwd", "no time zone"),
    ],
)
def test_what_is_wrong_is_named(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        QuietHours.parse(text)
