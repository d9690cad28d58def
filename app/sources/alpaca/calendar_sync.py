"""Alpaca's own sessions and time, which count more than our calendar and this machine's clock."""

import logging
import threading
from datetime import timedelta

from app.calendar.session import Session, new_york_day
from app.calendar.trading_calendar import TradingCalendar
from app.domain.records import MINUTE_MS
from app.sources.alpaca.errors import AlpacaError, Interrupted
from app.sources.alpaca.parse import MarketClock
from app.sources.alpaca.rest import Api
from app.sources.clock import Clock
from app.times import iso

log = logging.getLogger(__name__)

_BACK, _AHEAD = timedelta(days=20), timedelta(days=10)
# Closer than this, the clocks are the same: the answer itself takes that long.
_SAME_MS = 1_000
# A clock that is further off is watched for a while: it might not go.
_BELIEVABLE_MS = 15 * MINUTE_MS
_WATCHED_S = 3.0
_MOST_NAMED = 4
_FIRST_PAUSE_MS, _LONGEST_PAUSE_MS = MINUTE_MS, 8 * MINUTE_MS
_AROUND_MS = 5 * MINUTE_MS


class CalendarSync:
    """Keeps `calendar` as Alpaca has it, and gives the time by Alpaca's clock.

    As long as Alpaca cannot be asked, the calendar and this machine's clock stay as they are.
    """

    def __init__(self, api: Api, calendar: TradingCalendar, clock: Clock) -> None:
        self._api, self._calendar, self._clock = api, calendar, clock
        self._ahead_ms = 0
        self._pause_ms, self._again_ms = _FIRST_PAUSE_MS, 0
        self.trouble: str | None = None
        """Why the last check failed; None when Alpaca answered all that was asked."""

    def now_ms(self) -> int:
        """Alpaca's time, UTC milliseconds since 1970."""
        return self._clock.now_ms() + self._ahead_ms

    def check(self) -> None:
        """Asks for the calendar of the days around today, and for the time. Raises Interrupted."""
        trouble = None
        for check in (self._check_calendar, self._check_clock):
            try:
                check()
            except Interrupted:
                raise
            except AlpacaError as error:
                trouble = f"The market's hours could not be checked with Alpaca, the calendar here holds: {error}"
        if trouble and trouble != self.trouble:
            log.warning("%s", trouble)
        self.trouble = trouble
        self._again_ms = self._clock.now_ms() + self._pause_ms
        self._pause_ms = min(self._pause_ms * 2, _LONGEST_PAUSE_MS) if trouble else _FIRST_PAUSE_MS

    def check_again(self) -> None:
        """Checks once more where the last check failed: after a minute, then after twice as long each time."""
        if self.trouble and self._clock.now_ms() >= self._again_ms:
            self.check()

    def _check_calendar(self) -> None:
        today = new_york_day(self.now_ms())
        first, last = today - _BACK, today + _AHEAD
        changes = self._calendar.replace(first, last, self._api.sessions(first, last))
        if changes is None:
            log.warning("Alpaca has no session from %s to %s, so the calendar stays.", first, last)
            return
        if changes.removed:
            log.warning("Alpaca has no session %s, the calendar has: Alpaca's holds.", _spans(changes.removed))
        if changes.added:
            log.warning("Alpaca has a session %s, the calendar has not: Alpaca's holds.", _spans(changes.added))

    def _check_clock(self) -> None:
        theirs, ahead = self._ask_clock()
        if abs(ahead - self._ahead_ms) > _BELIEVABLE_MS and not self._goes(ahead):
            log.warning("Alpaca's clock stands still at %s; this machine's holds.", iso(theirs.now_ms))
            return
        if abs(ahead - self._ahead_ms) > _SAME_MS:
            log.warning("This machine's clock is %.1f s off; Alpaca's holds.", -ahead / 1000)
            self._ahead_ms = ahead
        now = self.now_ms()
        closes_later = theirs.is_open and theirs.next_close_ms > now
        if closes_later and not self._calendar.spans(now - _AROUND_MS, now + _AROUND_MS):
            log.warning("Alpaca says that the market is open until %s.", iso(theirs.next_close_ms))
            self._calendar.open_until(now, theirs.next_close_ms)

    def _ask_clock(self) -> tuple[MarketClock, int]:
        """What Alpaca says, and by how much its clock is ahead of this machine's, in milliseconds."""
        before = self._clock.now_ms()
        theirs = self._api.market_clock()
        return theirs, theirs.now_ms - (before + self._clock.now_ms()) // 2

    def _goes(self, ahead_ms: int) -> bool:
        """Whether Alpaca's clock, so far ahead, goes as fast as ours."""
        self._clock.wait(_WATCHED_S, threading.Event())
        return abs(self._ask_clock()[1] - ahead_ms) < _WATCHED_S * 1000 / 2


def _spans(sessions: list[Session]) -> str:
    spans = " and ".join(f"from {iso(each.open_ms)} to {iso(each.close_ms)}" for each in sessions[:_MOST_NAMED])
    return spans + (f" and {len(sessions) - _MOST_NAMED} more" if len(sessions) > _MOST_NAMED else "")
