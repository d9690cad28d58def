"""What was sent of the last minutes, so that a bar is sent again only when a value changed."""

from app.sources.alpaca.bar import AlpacaBar


class Sent:
    """The last values of each symbol and minute; `forget` bounds it."""

    def __init__(self) -> None:
        self._minutes: dict[int, dict[str, AlpacaBar]] = {}

    def is_news(self, bar: AlpacaBar) -> bool:
        """Whether this bar was never sent with these values last; from now on it was."""
        minute = self._minutes.setdefault(bar.timestamp, {})
        if minute.get(bar.symbol) == bar:
            return False
        minute[bar.symbol] = bar
        return True

    def forget(self, before_ms: int) -> None:
        """Drops the minutes that started before then, which nobody asks for any more."""
        for minute in [minute for minute in self._minutes if minute < before_ms]:
            del self._minutes[minute]
