"""Remembers each bar that was sent, in 20 bytes, to find out afterwards what a worker made of it."""

from array import array
from collections.abc import Mapping

from confluent_kafka import Message

from app.domain.records import MINUTE_MS, Bar


class SentSeries:
    """The bars of one symbol in the order in which they were sent."""

    def __init__(self) -> None:
        #: Starts of the bars, minutes since 1970, UTC.
        self.minutes = array("I")
        #: Equal where all that makes two bars of a minute the same is equal; see `values_of`.
        self.values = array("q")
        #: Where each stands in the topic, ascending; only those that the broker has acknowledged.
        self.offsets = array("q")
        #: The partition that all are on; -1 before the first is acknowledged.
        self.partition = -1


class SentBars:
    """The bars of one replay. A symbol's are acknowledged in the order in which they were sent: one partition,
    and a producer that is idempotent.
    """

    def __init__(self) -> None:
        self._series: dict[str, SentSeries] = {}

    @property
    def series(self) -> Mapping[str, SentSeries]:
        """By symbol."""
        return self._series

    def note(self, bar: Bar) -> None:
        """Note a bar that was handed to Kafka."""
        series = self._series.get(bar["symbol"])
        if series is None:
            series = self._series[bar["symbol"]] = SentSeries()
        series.minutes.append(bar["timestamp"] // MINUTE_MS)
        series.values.append(values_of(bar))

    def acknowledged(self, message: Message) -> None:
        """Note a bar that the broker has acknowledged."""
        self.placed((message.key() or b"").decode(), message.partition() or 0, message.offset() or 0)

    def placed(self, symbol: str, partition: int, offset: int) -> None:
        """Note the offset of the symbol's next bar."""
        series = self._series[symbol]
        series.partition = partition
        series.offsets.append(offset)

    def spans(self) -> dict[int, tuple[int, int]]:
        """By partition, the offset of the first bar and the offset behind the last."""
        found: dict[int, tuple[int, int]] = {}
        for series in self._series.values():
            if series.offsets:
                first, end = found.get(series.partition, (series.offsets[0], 0))
                found[series.partition] = (min(first, series.offsets[0]), max(end, series.offsets[-1] + 1))
        return found


def values_of(bar: Bar) -> int:
    """A number that is the same for bars that a worker takes for duplicates of each other: all values are equal.

    Two others share it once in 10^18 times. It holds within one process only.
    """
    return hash((bar["open"], bar["high"], bar["low"], bar["close"], bar["volume"], bar["vwap"], bar["trade_count"]))
