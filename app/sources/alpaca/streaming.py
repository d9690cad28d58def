"""What the live source needs of a stream, and which of its bars have to wait."""

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

from app.sources.alpaca.bar import AlpacaBar
from app.sources.base import OnFault


class Streaming(Protocol):
    """See stream.py."""

    wake: threading.Event
    connections: int
    connected: bool
    trouble: str | None

    def start(self) -> None:
        """Begins to connect."""

    def stop(self) -> None:
        """Ends."""

    def take(self) -> list[AlpacaBar]:
        """The bars that came since the last time."""


Connect = Callable[[Sequence[str], Callable[[], bool], OnFault], Streaming]
"""Makes a stream of these symbols; the function tells whether the market is open."""


class Told(NamedTuple):
    """A bar of the stream, and when it came (UTC milliseconds since 1970)."""

    bar: AlpacaBar
    at_ms: int


class Held:
    """Bars of the stream that wait until REST has filled a hole before them: else the bars of the hole would be stale.

    Of each minute the last is kept. `forget` bounds it: the request that fills the hole brings what came well before.
    """

    def __init__(self) -> None:
        self._told: dict[tuple[str, int], Told] = {}

    def sift(self, bars: Iterable[AlpacaBar], now_ms: int, until_ms: int | None) -> list[Told]:
        """Those that need not wait: that start before `until_ms`; with None all, and first those that waited."""
        given: list[Told] = []
        if until_ms is None:
            given += self._told.values()
            self._told.clear()
        for bar in bars:
            if until_ms is None or bar.timestamp < until_ms:
                given.append(Told(bar, now_ms))
            else:
                self._told[bar.symbol, bar.timestamp] = Told(bar, now_ms)
        return given

    def forget(self, before_ms: int) -> None:
        """Drops what came before then."""
        self._told = {key: told for key, told in self._told.items() if told.at_ms >= before_ms}
