"""What is kept of one series: the newest bars and Wilder's averages after the newest of them."""

from collections.abc import Iterator
from typing import NamedTuple

from app.domain import rows
from app.domain.labels import Label
from app.domain.records import MINUTE_MS, Origin, Position
from app.domain.starts import Start


class WindowBar(NamedTuple):
    """One bar of a window, unpacked for reading; timestamp is its start, UTC epoch milliseconds."""

    timestamp: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    trade_count: int | None
    vwap: float | None
    revision: int
    origin: Origin
    source: str
    feed: str
    adjustment: str


class Window(NamedTuple):
    """A series' state, never changed in place; `Window(strategy.name)` is an empty one.

    `bars_seen` counts all bars of the run and symbol. `starts` tells where
    splits began the series anew: the start of the oldest row's, and those after.
    `gains` and `losses` are Wilder's averages (sums before there are `period`
    changes) before the newest `late_bars` + 1 rows and after each of them, so
    always at least one pair.
    """

    strategy: str
    bars_seen: int = 0
    position: Position | None = None
    labels: tuple[Label, ...] = ()
    gains: tuple[float, ...] = (0.0,)
    losses: tuple[float, ...] = (0.0,)
    rows: bytes = b""
    starts: tuple[Start, ...] = ()

    @property
    def newest_timestamp(self) -> int | None:
        """Start of the newest bar, UTC epoch milliseconds; None when there is none."""
        count = len(self.rows) // rows.SIZE
        return rows.timestamp(self.rows, count - 1) if count else None

    @property
    def bars_of_series(self) -> int:
        """Bars since the newest split, or since the run began."""
        return self.bars_seen - (self.starts[-1].bar if self.starts else 0)

    def bars(self) -> list[WindowBar]:
        """The bars kept, oldest first."""
        return list(self._bars())

    def _bars(self) -> Iterator[WindowBar]:
        for minute, open_, high, low, close, volume, vwap, count, revision, label in rows.unpack(self.rows):
            yield WindowBar(
                minute * MINUTE_MS,
                open_,
                high,
                low,
                close,
                volume,
                None if count == rows.NO_COUNT else count,
                None if vwap != vwap else vwap,
                revision,
                *self.labels[label],
            )
