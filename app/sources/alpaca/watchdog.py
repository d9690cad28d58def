"""Noticing a connection that is open and brings nothing."""

from collections.abc import Callable


class Watchdog:
    """Measures silence while the market is open; from when a connection began, in UTC milliseconds since 1970."""

    def __init__(self, patience_s: float, market_open: Callable[[], bool], now_ms: int) -> None:
        self._patience_ms = int(patience_s * 1000)
        self._market_open = market_open
        self._since_ms = now_ms
        self._was_open = market_open()

    def reset(self, now_ms: int) -> None:
        """Something came then."""
        self._since_ms = max(self._since_ms, now_ms)

    def left_s(self, now_ms: int) -> float:
        """Seconds that the silence may last from now on; 0 when it has lasted too long."""
        is_open = self._market_open()
        # The first look after the open starts the count: a silence before it means nothing.
        if not (is_open and self._was_open):
            self.reset(now_ms)
        self._was_open = is_open
        return max(0, self._since_ms + self._patience_ms - now_ms) / 1000
