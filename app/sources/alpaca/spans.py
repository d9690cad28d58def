"""Which times to ask for, a piece at a time."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from app.domain.records import MINUTE_MS
from app.sources.sessions import Session

_NEW_YORK = ZoneInfo("America/New_York")
_EXTENDED_HOURS = (4, 20)


def extended(session: Session) -> Session:
    """The session's day from 4:00 to 20:00 in New York, between which trades before and after it count."""
    begin, end = (
        datetime(session.day.year, session.day.month, session.day.day, hour, tzinfo=_NEW_YORK)
        for hour in _EXTENDED_HOURS
    )
    return Session(int(begin.timestamp()) * 1000, int(end.timestamp()) * 1000)


def until(sessions: list[Session], now_ms: int) -> list[Session]:
    """What of them lies before `now_ms`, in whole minutes."""
    end = now_ms // MINUTE_MS * MINUTE_MS
    return [Session(session.open_ms, min(session.close_ms, end)) for session in sessions if session.open_ms < end]


def pieces(session: Session, symbols: int, most_bars: int) -> Iterator[Session]:
    """The session in pieces with at most so many bars of so many symbols, but of a minute at least."""
    step = max(1, most_bars // symbols) * MINUTE_MS
    for start in range(session.open_ms, session.close_ms, step):
        yield Session(start, min(start + step, session.close_ms))
