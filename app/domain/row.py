"""One row of the windows table: a bar, and all that its signal says."""

from typing import NamedTuple

from app.domain import bar_rows
from app.domain.provenance import Provenance
from app.domain.records import MINUTE_MS, Action, Reason, Split
from app.domain.update_windows import BarUpdate


class Row(NamedTuple):
    """A bar with its indicators and its signal.

    `number` counts the bars of the run and symbol from 0 in the order of time, `bars_seen`
    those of its series from 1. Times are UTC epoch milliseconds, `timestamp` the start of the
    bar's minute. Prices are in the symbol's currency, `volume` in shares, the RSI in points.
    `gain` and `loss` are Wilder's averages after this bar (sums before there are enough changes).
    """

    number: int
    timestamp: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    vwap: float | None
    trade_count: int | None
    gain: float
    loss: float
    sma_fast: float | None
    sma_slow: float | None
    rsi: float | None
    bars_seen: int
    gap_minutes: int | None
    #: Set on the first bar after what looks like a split: the close before it.
    split_close: float | None
    revision: int
    action: Action
    previous_action: Action | None
    reason: Reason
    emitted_at: int
    strategy: str
    provenance: Provenance

    @property
    def split(self) -> Split | None:
        """The prices between which a split is suspected; None for no split."""
        return None if self.split_close is None else {"previous_close": self.split_close, "open": self.open}


def row_of(
    update: BarUpdate, action: Action, previous: Action | None, reason: Reason, emitted_at: int, strategy: str
) -> Row:
    """The row of a bar as it has become, with what the rule says of it."""
    minute, open_, high, low, close, volume, vwap, count, revision, _ = bar_rows.unpack(update.bar, 0)
    values = update.values
    return Row(
        update.number,
        minute * MINUTE_MS,
        open_,
        high,
        low,
        close,
        volume,
        vwap,
        count,
        update.gain,
        update.loss,
        values.sma_fast,
        values.sma_slow,
        values.rsi,
        values.bars_seen,
        values.gap_minutes,
        values.split and values.split["previous_close"],
        revision,
        action,
        previous,
        reason,
        emitted_at,
        strategy,
        update.provenance,
    )
