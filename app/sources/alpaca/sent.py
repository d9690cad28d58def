"""What was sent of the last minutes, so that a bar is sent again only when a value changed."""

from app.sources.alpaca.bar import AlpacaBar

REST_BEHIND_MS = 10_000
"""REST has what the stream told 1 to 3 s later: a request made sooner than this after it need not know."""


class Sent:
    """The last values of each symbol and minute; `forget` bounds it. Times are UTC milliseconds since 1970."""

    def __init__(self) -> None:
        self._minutes: dict[int, dict[str, AlpacaBar]] = {}
        self._told: dict[int, dict[str, int]] = {}

    def told(self, bar: AlpacaBar, at_ms: int) -> bool:
        """Whether this bar, which came by stream then, is news; from now on it is not."""
        self._told.setdefault(bar.timestamp, {})[bar.symbol] = at_ms
        return self._is_news(bar)

    def fetched(self, bar: AlpacaBar, asked_ms: int) -> bool:
        """Whether this bar of a request made then is news. What the stream brought shortly before stays."""
        told_ms = self._told.get(bar.timestamp, {}).get(bar.symbol)
        return (told_ms is None or told_ms + REST_BEHIND_MS <= asked_ms) and self._is_news(bar)

    def forget(self, before_ms: int) -> None:
        """Drops the minutes that started before then, which nobody asks for any more."""
        for minutes in (self._minutes, self._told):
            for minute in [minute for minute in minutes if minute < before_ms]:
                del minutes[minute]

    def _is_news(self, bar: AlpacaBar) -> bool:
        minute = self._minutes.setdefault(bar.timestamp, {})
        if minute.get(bar.symbol) == bar:
            return False
        minute[bar.symbol] = bar
        return True
