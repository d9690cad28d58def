"""Counts gaps between bars in minutes of the exchange's sessions."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from app.domain.records import MINUTE_MS


class MarketState(NamedTuple):
    """Whether a session is going on, and when that changes, UTC epoch milliseconds; None outside the calendar."""

    is_open: bool
    last_change: int | None
    next_change: int | None


@dataclass(frozen=True, slots=True)
class Sessions:
    """Regular sessions in order, without breaks: opens and closes in minutes since 1970, UTC, as [open, close).

    `before` holds the session minutes before each session and, last, all of
    them. The calendar is valid for minutes in [first, end).
    """

    opens: Sequence[int]
    closes: Sequence[int]
    before: Sequence[int]
    first: int
    end: int

    def gap(self, previous_ms: int, timestamp_ms: int) -> int | None:
        """Session minutes strictly between two bar starts (UTC epoch milliseconds); None outside the calendar."""
        previous, minute = previous_ms // MINUTE_MS, timestamp_ms // MINUTE_MS
        if previous < self.first or minute >= self.end:
            return None
        return self._elapsed(minute) - self._elapsed(previous + 1)

    def state(self, now_ms: int) -> MarketState:
        """Whether a session is going on at a time, UTC epoch milliseconds."""
        minute = now_ms // MINUTE_MS
        index = bisect_right(self.opens, minute) - 1
        is_open = index >= 0 and minute < self.closes[index]
        last = None if index < 0 else self.opens[index] if is_open else self.closes[index]
        following = self.closes[index] if is_open else self._open(index + 1)
        return MarketState(is_open, _ms(last), _ms(following))

    def around(self, time_ms: int) -> tuple[int | None, int | None]:
        """When the newest session opened that had begun by then, and when the one after it opens; UTC milliseconds."""
        index = bisect_right(self.opens, time_ms // MINUTE_MS) - 1
        return _ms(self._open(index)), _ms(self._open(index + 1))

    def _open(self, index: int) -> int | None:
        return self.opens[index] if 0 <= index < len(self.opens) else None

    def _elapsed(self, minute: int) -> int:
        """Session minutes of the calendar that start before `minute`."""
        index = bisect_right(self.opens, minute) - 1
        if index < 0:
            return 0
        return self.before[index] + min(minute, self.closes[index]) - self.opens[index]


def _ms(minute: int | None) -> int | None:
    return None if minute is None else minute * MINUTE_MS
