"""The sessions that the double's exchange has, and how Alpaca's calendar and clock tell them."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from tests.harness.doubles.alpaca.times import new_york, new_york_text

HOUR_MS = 3_600_000


class ExchangeSession(NamedTuple):
    """A regular session, UTC milliseconds, [open, close)."""

    open_ms: int
    close_ms: int

    @property
    def day(self) -> date:
        return new_york(self.open_ms).date()


def real_sessions(first: date, last: date) -> list[ExchangeSession]:
    """Those of the New York Stock Exchange from the first day to the last."""
    import exchange_calendars

    week = timedelta(days=7)
    calendar = exchange_calendars.get_calendar("XNYS", start=str(first - week), end=str(last + week))
    sessions = [
        ExchangeSession(open_ns // 10**6, close_ns // 10**6)
        for open_ns, close_ns in zip(calendar.opens_nanos.tolist(), calendar.closes_nanos.tolist(), strict=True)
    ]
    return [session for session in sessions if first <= session.day <= last]


class Exchange:
    """Opens and closes as `sessions`, in the order of time, say; there must be one to come."""

    def __init__(self, sessions: Sequence[ExchangeSession]) -> None:
        self.sessions = list(sessions)

    def calendar(self, first: date, last: date) -> list[dict[str, str]]:
        """What GET /v2/calendar answers: New York's time without a zone, so no session beyond midnight has a place."""
        return [
            {
                "date": session.day.isoformat(),
                "open": new_york(session.open_ms).strftime("%H:%M"),
                "close": new_york(session.close_ms).strftime("%H:%M"),
                "session_open": "0400",
                "session_close": "2000",
                "settlement_date": session.day.isoformat(),
            }
            for session in self.sessions
            if first <= session.day <= last and new_york(session.close_ms).date() == session.day
        ]

    def clock(self, now_ms: int) -> dict[str, str | bool]:
        """What GET /v2/clock answers."""
        coming = [session for session in self.sessions if session.close_ms > now_ms]
        is_open = coming[0].open_ms <= now_ms
        opens = [session.open_ms for session in coming if session.open_ms > now_ms]
        return {
            "timestamp": new_york(now_ms).isoformat(timespec="microseconds"),
            "is_open": is_open,
            "next_open": new_york_text(opens[0]),
            "next_close": new_york_text(coming[0].close_ms),
        }
