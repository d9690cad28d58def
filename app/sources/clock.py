"""The clock of sources. Tests give them a clock of their own, so that a trading day takes seconds."""

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """The time of day, and waiting for it to pass."""

    def now_ms(self) -> int:
        """UTC, milliseconds since 1970."""

    def wait(self, seconds: float, wake: threading.Event) -> bool:
        """Returns after `seconds`, or as soon as `wake` is set: then True, as `Event.wait` does."""


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """UTC, milliseconds since 1970."""
        return time.time_ns() // 1_000_000

    def wait(self, seconds: float, wake: threading.Event) -> bool:
        """Returns after `seconds`, or as soon as `wake` is set: then True."""
        return wake.wait(max(seconds, 0.0))
