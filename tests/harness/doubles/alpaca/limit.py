"""So many requests a minute, and the headers that tell it."""

import threading
from typing import NamedTuple

WINDOW_MS = 60_000


class Quota(NamedTuple):
    """What is left after a request, and whether it was granted."""

    granted: bool
    headers: dict[str, str]


class RequestLimit:
    """Counts in windows that begin with a minute of the clock, as Alpaca's reset times do."""

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._lock = threading.Lock()
        self._window, self._used = -1, 0

    def take(self, now_ms: int) -> Quota:
        with self._lock:
            window = now_ms // WINDOW_MS
            if window != self._window:
                self._window, self._used = window, 0
            granted = self._used < self.per_minute
            self._used += granted
            return Quota(
                granted,
                {
                    "X-RateLimit-Limit": str(self.per_minute),
                    "X-RateLimit-Remaining": str(self.per_minute - self._used),
                    "X-RateLimit-Reset": str((window + 1) * WINDOW_MS // 1000),
                },
            )

    def exhaust(self, now_ms: int) -> None:
        """Nothing more until the next minute begins, as when another program uses the same keys."""
        with self._lock:
            self._window, self._used = now_ms // WINDOW_MS, self.per_minute
