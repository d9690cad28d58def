"""A market of short days: bars counted over the days' minutes, with a night after each."""

from typing import Any

from app.domain.records import MINUTE_MS, Bar
from tests.bars import OPENING_MS, make_bar

DAY = 1440


def never_open(_previous_ms: int, _timestamp_ms: int) -> int:
    """A calendar without sessions: a bar that comes late enough comes after a night."""
    return 0


class Nights:
    """Sessions of `length` minutes, one a day."""

    def __init__(self, length: int) -> None:
        self.length = length

    def bar(self, number: int, close: float, /, **changes: Any) -> Bar:
        """The raw bar of the session minute of that number, counted through all days."""
        day, minute = divmod(number, self.length)
        return make_bar(day * DAY + minute, close, **{"adjustment": "raw", **changes})

    def gap(self, previous_ms: int, timestamp_ms: int) -> int:
        """Session minutes strictly between two of them."""
        return self._number(timestamp_ms) - self._number(previous_ms) - 1

    def _number(self, timestamp_ms: int) -> int:
        day, minute = divmod((timestamp_ms - OPENING_MS) // MINUTE_MS, DAY)
        return day * self.length + minute
