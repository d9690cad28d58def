"""Gaps in terms of the exchange's sessions."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.records import MINUTE_MS


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

    def _elapsed(self, minute: int) -> int:
        """Session minutes of the calendar that start before `minute`."""
        index = bisect_right(self.opens, minute) - 1
        if index < 0:
            return 0
        return self.before[index] + min(minute, self.closes[index]) - self.opens[index]
