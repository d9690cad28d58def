"""When the exchange trades: half days, holidays and daylight saving included."""

import datetime
from bisect import bisect_right
from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple

from app.calendar.session import Session, new_york_ms
from app.calendar.sessions import sessions
from app.domain.records import MINUTE_MS

_USUAL_MS = 390 * MINUTE_MS
_MIDNIGHT = datetime.time()


class Changes(NamedTuple):
    """The sessions that a calendar lost and got."""

    removed: list[Session]
    added: list[Session]


class TradingCalendar:
    """The regular sessions of the New York Stock Exchange until 2099, in order; `replace` puts others in their place.

    All times are UTC milliseconds since 1970, all spans [start, end).
    """

    def __init__(self) -> None:
        calendar = sessions()
        self._sessions = [
            Session(open_ * MINUTE_MS, close * MINUTE_MS)
            for open_, close in zip(calendar.opens, calendar.closes, strict=True)
        ]

    def session_at(self, now_ms: int) -> Session | None:
        """The session that goes on then; None while the exchange is closed."""
        at = self._begun(now_ms) - 1
        return self._sessions[at] if at >= 0 and now_ms < self._sessions[at].close_ms else None

    def next_open(self, now_ms: int) -> int:
        """When the first session opens that has not begun by then."""
        return self._sessions[self._begun(now_ms)].open_ms

    def spans(self, start_ms: int, end_ms: int) -> list[tuple[int, int]]:
        """The parts of a span that belong to sessions, one each."""
        found = []
        at = max(self._begun(start_ms) - 1, 0)
        for session in self._sessions[at : self._begun(end_ms)]:
            start, end = max(session.open_ms, start_ms), min(session.close_ms, end_ms)
            if start < end:
                found.append((start, end))
        return found

    def minutes_before(self, end_ms: int, minutes: int) -> int:
        """The start of the shortest span up to `end_ms` that holds so many session minutes."""
        at = self._begun(end_ms) - 1
        left = minutes * MINUTE_MS
        while (there := min(self._sessions[at].close_ms, end_ms) - self._sessions[at].open_ms) < left:
            left -= there
            at -= 1
        return min(self._sessions[at].close_ms, end_ms) - left

    def opens_before(self, end_ms: int, count: int) -> int:
        """When the earliest of the last `count` sessions opened that had begun by then."""
        return self._sessions[self._begun(end_ms - 1) - count].open_ms

    def replace(self, first: datetime.date, last: datetime.date, theirs: Sequence[Session]) -> Changes | None:
        """Takes these as the sessions of the New York days `first` to `last`, and returns what changed.

        Sessions of other days are left out. If none is left, the calendar stays and the answer is None: no exchange
        is closed for weeks.
        """
        start, end = new_york_ms(first, _MIDNIGHT), new_york_ms(last + datetime.timedelta(days=1), _MIDNIGHT)
        at, until = self._begun(start - 1), self._begun(end - 1)
        # A session that seems to end before it opens is one across midnight whose answer names one day only.
        theirs = sorted(each for each in theirs if start <= each.open_ms < min(each.close_ms, end))
        if not theirs:
            return None
        ours = self._sessions[at:until]
        self._sessions[at:until] = theirs
        return Changes(
            removed=[each for each in ours if each not in theirs],
            added=[each for each in theirs if each not in ours],
        )

    def open_until(self, now_ms: int, close_ms: int) -> None:
        """Adds a session that goes on now and is not in the calendar; it gets the usual length."""
        at = self._begun(now_ms)
        close = min(close_ms, self.next_open(now_ms))
        opened = min(now_ms // MINUTE_MS * MINUTE_MS, close - _USUAL_MS)
        self._sessions.insert(at, Session(max(opened, self._sessions[at - 1].close_ms), close))

    def _begun(self, now_ms: int) -> int:
        """How many sessions have begun by then."""
        return bisect_right(self._sessions, now_ms, key=attrgetter("open_ms"))
