"""Asking no more often than Alpaca allows."""

import threading
from collections import deque
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from app.sources.alpaca.errors import Interrupted
from app.sources.clock import Clock

# Somewhat longer than a minute: two requests may arrive closer together than they were sent.
_WINDOW_MS = 61_000
# The longest wait for one request, whatever an answer says and however wrong one of the clocks is.
_LONGEST_MS = 120_000
# X-RateLimit-Reset above this (in 2001) is a moment, below it a number of seconds to wait.
_EPOCH_MS_ABOVE = 1_000_000_000_000


class RateLimiter:
    """At most nine tenths of `per_minute` requests in any minute, and none before the server's headers allow it.

    The tenth that is left is for other programs with the same keys, such as `stocks doctor`.
    """

    def __init__(self, clock: Clock, per_minute: int) -> None:
        self._clock = clock
        self._most = max(1, per_minute * 9 // 10)
        self._sent: deque[int] = deque(maxlen=self._most)
        self._not_before_ms = 0

    def wait(self, closed: threading.Event) -> None:
        """Returns when the next request may be sent, and counts it. Raises Interrupted once `closed` is set."""
        now = self._clock.now_ms()
        due = self._not_before_ms
        if len(self._sent) == self._most:
            due = max(due, self._sent[0] + _WINDOW_MS)
        pause_ms = min(due - now, _LONGEST_MS)
        if closed.is_set() or (pause_ms > 0 and self._clock.wait(pause_ms / 1000, closed)):
            raise Interrupted
        self._not_before_ms = 0
        self._sent.append(self._clock.now_ms())

    def last_minute(self) -> int:
        """Requests of the last 60 seconds; may be called from any thread."""
        since = self._clock.now_ms() - 60_000
        return sum(sent > since for sent in tuple(self._sent))

    def obey(self, headers: Mapping[str, str]) -> None:
        """Keeps X-RateLimit-Remaining with X-RateLimit-Reset (seconds since 1970), and Retry-After, of an answer."""
        now = self._clock.now_ms()
        due = now + _retry_after_ms(headers.get("Retry-After", ""), now)
        if headers.get("X-RateLimit-Remaining", "").strip() in ("0", "-1"):
            due = max(due, _reset_ms(headers.get("X-RateLimit-Reset", ""), now))
        if due > now:
            self._not_before_ms = max(self._not_before_ms, due)


def _retry_after_ms(text: str, now_ms: int) -> int:
    """From seconds or an HTTP date; 0 when it is neither."""
    try:
        if text.strip().isdecimal():
            return int(text) * 1000
        return int(parsedate_to_datetime(text).replace(tzinfo=UTC).timestamp() * 1000) - now_ms
    except (ValueError, OverflowError):
        return 0


def _reset_ms(text: str, now_ms: int) -> int:
    """The moment, also where a server gives the seconds until then; now when the text is neither."""
    try:
        milliseconds = int(float(text) * 1000)
    except (ValueError, OverflowError):
        return now_ms
    return milliseconds if milliseconds > _EPOCH_MS_ABOVE else now_ms + milliseconds
