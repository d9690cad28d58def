"""Which bars to pass on: each once, again only with other values, and none that would make others stale."""

from collections.abc import Iterable
from typing import NamedTuple

from app.sources.alpaca.bar import AlpacaBar

REST_BEHIND_MS = 10_000
"""REST has the stream's bars 1 to 3 s later: a request made sooner than this after a bar may not have it."""


class _Streamed(NamedTuple):
    bar: AlpacaBar
    at_ms: int


class Deduplicator:
    """Passes a bar of either way on if it is new or its values changed; `forget` bounds what is remembered.

    Bars of the stream are held back while REST has not filled a gap before them: else the gap's bars would be stale.
    Times are UTC milliseconds since 1970.
    """

    def __init__(self) -> None:
        self._passed: dict[int, dict[str, AlpacaBar]] = {}
        self._streamed_ms: dict[int, dict[str, int]] = {}
        self._held: dict[tuple[str, int], _Streamed] = {}

    def streamed(self, bars: Iterable[AlpacaBar], now_ms: int, until_ms: int | None) -> list[AlpacaBar]:
        """Of bars that came by stream now, those to pass on. None: there is no gap, and those held back come first.

        With `until_ms`, bars that start then or later are held back, of each minute the last.
        """
        ready: list[_Streamed] = []
        if until_ms is None:
            ready += self._held.values()
            self._held.clear()
        for bar in bars:
            if until_ms is None or bar.timestamp < until_ms:
                ready.append(_Streamed(bar, now_ms))
            else:
                self._held[bar.symbol, bar.timestamp] = _Streamed(bar, now_ms)
        for bar, at_ms in ready:
            self._streamed_ms.setdefault(bar.timestamp, {})[bar.symbol] = at_ms
        return [bar for bar, _ in ready if self._is_news(bar)]

    def fetched(self, bars: Iterable[AlpacaBar], asked_ms: int) -> list[AlpacaBar]:
        """Of the answer to a request made then, the bars to pass on; what the stream brought shortly before stays."""
        return [bar for bar in bars if not self._is_newer_by_stream(bar, asked_ms) and self._is_news(bar)]

    def drop_held(self, asked_ms: int | None = None) -> None:
        """Drops what is held back; with `asked_ms` only what is old enough for a request made then to bring it."""
        oldest = None if asked_ms is None else asked_ms - REST_BEHIND_MS
        self._held = {key: held for key, held in self._held.items() if oldest is not None and held.at_ms >= oldest}

    def forget(self, before_ms: int) -> None:
        """Forgets the minutes that started before then, which nobody asks for any more."""
        for minutes in (self._passed, self._streamed_ms):
            for minute in [minute for minute in minutes if minute < before_ms]:
                del minutes[minute]

    def _is_newer_by_stream(self, bar: AlpacaBar, asked_ms: int) -> bool:
        at_ms = self._streamed_ms.get(bar.timestamp, {}).get(bar.symbol)
        return at_ms is not None and asked_ms < at_ms + REST_BEHIND_MS

    def _is_news(self, bar: AlpacaBar) -> bool:
        minute = self._passed.setdefault(bar.timestamp, {})
        if minute.get(bar.symbol) == bar:
            return False
        minute[bar.symbol] = bar
        return True
