"""The trading sessions for which synthetic bars are made."""

import datetime
from bisect import bisect_left

from app.calendar.session import Session
from app.calendar.sessions import sessions
from app.domain.records import MINUTE_MS
from app.sources.base import SourceError

_EPOCH = datetime.date(1970, 1, 1)
_DAY = datetime.timedelta(days=1)
_DAY_MINUTES = 24 * 60


def sessions_from(day: datetime.date, count: int) -> list[Session]:
    """`count` sessions from that day's on, fewer where the calendar ends.

    Raises SourceError, which names the nearest sessions, when there is none on that day.
    """
    at = _first_from(day)
    if at == _first_from(day + _DAY):
        raise _no_session(f"on {day}", at)
    return _sessions(at, at + count)


def sessions_between(first: datetime.date, last: datetime.date) -> list[Session]:
    """The sessions of these days, both included.

    Raises SourceError, which names the nearest sessions, when there is none.
    """
    at, until = _first_from(first), _first_from(last + _DAY)
    if at >= until:
        raise _no_session(f"on {first}" if first == last else f"from {first} to {last}", at)
    return _sessions(at, until)


def _first_from(day: datetime.date) -> int:
    """Where in the calendar that day's session or the next one is."""
    return bisect_left(sessions().opens, (day - _EPOCH).days * _DAY_MINUTES)


def _sessions(at: int, until: int) -> list[Session]:
    calendar = sessions()
    return [
        Session(open_ * MINUTE_MS, close * MINUTE_MS)
        for open_, close in zip(calendar.opens[at:until], calendar.closes[at:until], strict=True)
    ]


def _no_session(when: str, at: int) -> SourceError:
    near = " and ".join(str(_day(minute)) for minute in sessions().opens[max(at - 1, 0) : at + 1])
    return SourceError(f"The New York Stock Exchange has no session {when}; the nearest are on {near}.")


def _day(minute: int) -> datetime.date:
    return _EPOCH + datetime.timedelta(minutes=minute)
