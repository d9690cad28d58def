"""The inputs of a signal's numbers, so that a person can compute them again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app.domain.indicators.rsi import seed_weight
from app.domain.row import Row
from app.domain.strategy import Strategy

Step = Literal["sum", "first", "recursion"]


@dataclass(frozen=True, slots=True)
class AverageInputs:
    """A moving average over so many closes, and the rows of those that are kept, oldest first."""

    period: int
    rows: Sequence[Row]
    value: float | None

    @property
    def is_complete(self) -> bool:
        """Whether all closes of the average are there."""
        return self.value is None or len(self.rows) == self.period


@dataclass(frozen=True, slots=True)
class RsiInputs:
    """One step of Wilder's averages: from those of the bar before, by this bar's change of the close.

    `sum`: there are not yet `period` changes, so gain and loss are sums. `first`: the sums, divided by the
    period, become the first averages. `recursion`: (previous x (period - 1) + change) / period.
    `previous` is None for a series' first bar, and where the bar before is no longer kept.
    """

    period: int
    step: Step
    previous: Row | None
    change: float | None
    gain: float
    loss: float
    value: float | None
    #: Which bar of its series the first averages came with, counted from 1.
    seeded_at_bar: int
    seed: Row | None
    seed_weight: float


@dataclass(frozen=True, slots=True)
class Trigger:
    """Why a bar's signal was computed again, as far as the rows know it.

    `late`: a bar that came behind newer ones; `corrected`: a bar that came again with another value.
    """

    kind: Literal["late", "corrected"]
    row: Row


@dataclass(frozen=True, slots=True)
class SignalInputs:
    """The inputs of one row."""

    row: Row
    fast: AverageInputs
    slow: AverageInputs
    rsi: RsiInputs
    #: Of a revision; None for a first computation.
    cause: Trigger | None


def inputs_of(rows: Sequence[Row], seed: Row | None, strategy: Strategy) -> SignalInputs:
    """The inputs of the last of a symbol's rows, oldest first and without holes; `seed` as in `RsiInputs`."""
    row = rows[-1]
    series = rows[-row.bars_seen :]
    previous = series[-2] if len(series) > 1 else None
    period = strategy.rsi_period
    step: Step = "sum" if row.bars_seen <= period else "first" if row.bars_seen == period + 1 else "recursion"
    rsi = RsiInputs(
        period=period,
        step=step,
        previous=previous,
        change=None if previous is None else row.close - previous.close,
        gain=row.gain,
        loss=row.loss,
        value=row.rsi,
        seeded_at_bar=period + 1,
        seed=seed,
        seed_weight=seed_weight(row.bars_seen, period),
    )
    return SignalInputs(
        row,
        AverageInputs(strategy.fast, series[-strategy.fast :], row.sma_fast),
        AverageInputs(strategy.slow, series[-strategy.slow :], row.sma_slow),
        rsi,
        _cause(rows) if row.revision else None,
    )


def _cause(rows: Sequence[Row]) -> Trigger:
    """What changed the last row: all rows that a bar changes are computed at the same time as that bar's own."""
    first = len(rows) - 1
    while first and rows[first - 1].revision and rows[first - 1].emitted_at == rows[-1].emitted_at:
        first -= 1
    before = rows[first - 1] if first else None
    # A new row with older ones on both sides; one of a batch in which all rows are new follows on such a row.
    follows_on_old = first < 2 or (before and rows[first - 2].emitted_at != before.emitted_at)
    if before and before.emitted_at == rows[-1].emitted_at and follows_on_old:
        return Trigger("late", before)
    return Trigger("corrected", rows[first])
