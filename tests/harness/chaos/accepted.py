"""What must happen to each bar, by its place in the raw topic alone: the rule once more, written simply."""

from bisect import bisect_left, insort
from collections import defaultdict

from app.domain.records import Bar
from app.domain.strategy import Strategy

VALUES = ("open", "high", "low", "close", "volume", "trade_count", "vwap")


class AcceptedSeries:
    """All accepted bars of one run and symbol."""

    def __init__(self) -> None:
        self.bars: dict[int, Bar] = {}
        self._times: list[int] = []

    def take(self, bar: Bar, strategy: Strategy) -> str:
        """Take the bar in if it is not too late: `new`, `corrected`, `repeated` or `stale`."""
        timestamp = bar["timestamp"]
        place = bisect_left(self._times, timestamp)
        known = self.bars.get(timestamp)
        newer = len(self._times) - place - (known is not None)
        if known is not None and newer < strategy.window and values(known) == values(bar):
            return "repeated"
        if newer > strategy.late_bars:
            return "stale"
        if known is None:
            insort(self._times, timestamp)
        self.bars[timestamp] = bar
        return "new" if known is None else "corrected"


class Accepted:
    """All series of a deployment."""

    def __init__(self, strategy: Strategy) -> None:
        self._strategy = strategy
        self._series: dict[tuple[str, str], AcceptedSeries] = defaultdict(AcceptedSeries)

    def take(self, bar: Bar) -> str:
        """See Series.take; bars of one series come in the order of their offsets."""
        return self._series[bar["run_id"], bar["symbol"]].take(bar, self._strategy)

    def bars(self) -> list[Bar]:
        """What the signals follow from."""
        return [bar for series in self._series.values() for bar in series.bars.values()]


def values(bar: Bar) -> tuple[object, ...]:
    """What two bars of one minute must share to be the same."""
    return tuple(bar[name] for name in VALUES)  # type: ignore[literal-required]
