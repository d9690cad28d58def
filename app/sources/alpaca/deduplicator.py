"""Which bars to pass on: each once, again only with other values, and none that would make others stale."""

from collections.abc import Iterable
from math import inf

from app.sources.alpaca.bar import AlpacaBar

REST_BEHIND_MS = 10_000
"""REST has the stream's bars 1 to 3 s later: a request made sooner than this after a bar may not have it."""


class Deduplicator:
    """Passes a bar of either way on if it is new or its values changed; `forget` bounds what is remembered.

    Bars of the stream are held back while REST has not filled a gap before them: else the gap's bars would be stale.
    Times are UTC milliseconds since 1970.
    """

    def __init__(self) -> None:
        # Each by the bar's minute and symbol; the stream's with the time when it came.
        self._passed: dict[tuple[int, str], AlpacaBar] = {}
        self._streamed_ms: dict[tuple[int, str], int] = {}
        self._held: dict[tuple[int, str], tuple[AlpacaBar, int]] = {}

    def streamed(self, bars: Iterable[AlpacaBar], now_ms: int, until_ms: int | None) -> list[AlpacaBar]:
        """Of bars that came by stream now, those to pass on. None: there is no gap, and those held back come first.

        With `until_ms`, bars that start then or later are held back, of each minute the last.
        """
        came = [*self._held.values(), *((bar, now_ms) for bar in bars)]
        self._held.clear()
        passed = []
        for bar, at_ms in came:
            if until_ms is not None and bar.timestamp >= until_ms:
                self._held[bar.timestamp, bar.symbol] = bar, at_ms
                continue
            self._streamed_ms[bar.timestamp, bar.symbol] = at_ms
            if self._is_news(bar):
                passed.append(bar)
        return passed

    def fetched(self, bars: Iterable[AlpacaBar], asked_ms: int) -> list[AlpacaBar]:
        """Of the answer to a request made then, the bars to pass on; what the stream brought shortly before stays."""
        return [bar for bar in bars if not self._is_newer_by_stream(bar, asked_ms) and self._is_news(bar)]

    def drop_held(self, asked_ms: float = inf) -> None:
        """Drops what is held back; with `asked_ms` only what is old enough for a request made then to bring it."""
        self._held = {key: held for key, held in self._held.items() if asked_ms <= held[1] + REST_BEHIND_MS}

    def forget(self, before_ms: int) -> None:
        """Forgets the minutes that started before then, which nobody asks for any more."""
        self._passed = {key: bar for key, bar in self._passed.items() if key[0] >= before_ms}
        self._streamed_ms = {key: at_ms for key, at_ms in self._streamed_ms.items() if key[0] >= before_ms}

    def _is_newer_by_stream(self, bar: AlpacaBar, asked_ms: int) -> bool:
        at_ms = self._streamed_ms.get((bar.timestamp, bar.symbol))
        return at_ms is not None and asked_ms < at_ms + REST_BEHIND_MS

    def _is_news(self, bar: AlpacaBar) -> bool:
        before = self._passed.get((bar.timestamp, bar.symbol))
        self._passed[bar.timestamp, bar.symbol] = bar
        return bar != before
