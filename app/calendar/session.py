"""One trading session."""

import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from app.domain.records import MINUTE_MS

NEW_YORK = ZoneInfo("America/New_York")
_EXTENDED_FROM, _EXTENDED_TO = datetime.time(4), datetime.time(20)


class Session(NamedTuple):
    """One regular session of New York: its first minute's start and its end, UTC milliseconds since 1970."""

    open_ms: int
    close_ms: int

    @property
    def day(self) -> datetime.date:
        """In UTC and in New York: regular sessions lie within both."""
        return datetime.datetime.fromtimestamp(self.open_ms / 1000, datetime.UTC).date()

    @property
    def minutes(self) -> int:
        """390, on half days 210."""
        return (self.close_ms - self.open_ms) // MINUTE_MS

    def extended(self) -> "Session":
        """With the hours before and after it in which people trade too: from 4:00 to 20:00 in New York."""
        return Session(new_york_ms(self.day, _EXTENDED_FROM), new_york_ms(self.day, _EXTENDED_TO))


def new_york_ms(day: datetime.date, time: datetime.time) -> int:
    """UTC milliseconds since 1970 of a time of day in New York."""
    return round(datetime.datetime.combine(day, time, NEW_YORK).timestamp()) * 1000


def new_york_day(now_ms: int) -> datetime.date:
    """The day in New York at that time, UTC milliseconds since 1970."""
    return datetime.datetime.fromtimestamp(now_ms / 1000, NEW_YORK).date()
