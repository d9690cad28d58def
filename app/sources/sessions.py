"""The trading sessions to make bars up for."""

import datetime
from bisect import bisect_left
from typing import NamedTuple

from app.domain.records import MINUTE_MS
from app.sessions import sessions
from app.sources.base import SourceError

_EPOCH = datetime.date(1970, 1, 1)
_DAY_MINUTES = 24 * 60


class Session(NamedTuple):
    """One regular session of New York: its first minute's start and its end, UTC milliseconds since 1970."""

    open_ms: int
    close_ms: int

    @property
    def day(self) -> datetime.date:
        """In UTC and in New York: regular sessions lie within both."""
        return _day(self.open_ms // MINUTE_MS)

    @property
    def minutes(self) -> int:
        """390, on half days 210."""
        return (self.close_ms - self.open_ms) // MINUTE_MS


def sessions_from(day: datetime.date, count: int) -> list[Session]:
    """`count` sessions from that day's on, fewer where the calendar ends.

    Raises SourceError, which names the nearest sessions, when there is none on that day.
    """
    calendar = sessions()
    midnight = (day - _EPOCH).days * _DAY_MINUTES
    at = bisect_left(calendar.opens, midnight)
    if at == len(calendar.opens) or _day(calendar.opens[at]) != day:
        near = " and ".join(str(_day(minute)) for minute in calendar.opens[max(at - 1, 0) : at + 1])
        raise SourceError(f"The New York Stock Exchange has no session on {day}; the nearest are on {near}.")
    until = at + count
    return [
        Session(open_ * MINUTE_MS, close * MINUTE_MS)
        for open_, close in zip(calendar.opens[at:until], calendar.closes[at:until], strict=True)
    ]


def _day(minute: int) -> datetime.date:
    return _EPOCH + datetime.timedelta(minutes=minute)
