"""The models of the answer to GET /signals/{symbol}/explain."""

from typing import Literal

from pydantic import Field

from web.models import (
    ApiModel,
    BarStart,
    Complete,
    FastAverage,
    Feed,
    OriginOf,
    Partitions,
    PositionOut,
    Price,
    Rsi,
    RunId,
    RunReason,
    SignalOut,
    SlowAverage,
    Source,
    StrategyName,
    Symbol,
    Synthetic,
    Time,
)


class CloseOut(ApiModel):
    """One close that an average is of."""

    timestamp: BarStart
    close: Price


class AverageOut(ApiModel):
    """A moving average: the sum of its closes, divided by the period."""

    period: int = Field(description="How many closes it is the average of.")
    closes: list[CloseOut] = Field(description="The newest closes of the series, at most as many as the period.")
    complete: bool = Field(
        description="Whether these are all closes of the average; false for an old bar whose oldest closes are no "
        "longer kept (KEEP_BARS)."
    )


class FastOut(AverageOut):
    """The fast average."""

    value: FastAverage


class SlowOut(AverageOut):
    """The slow average."""

    value: SlowAverage


class PreviousOut(ApiModel):
    """The bar before, from which the RSI goes on."""

    timestamp: BarStart
    close: Price
    gain: float = Field(description="Average of the gains after it, or their sum before there is one; in the currency.")
    loss: float = Field(description="Average of the losses, or their sum; in the symbol's currency.")


class SeedOut(ApiModel):
    """Where Wilder's averages began: plain averages over the first changes of the series."""

    bar: int = Field(description="Which bar of its series that was, counted from 1.")
    timestamp: Time | None = Field(description="Its start, UTC; null while there is none, or where it is not kept.")
    weight: float = Field(description="How much of the RSI still depends on it, 1 (all) to 0 (nothing): a ratio.")


class RsiOut(ApiModel):
    """One step of Wilder's recursion, and the RSI that it gives: 100 x gain / (gain + loss), 50 when both are 0."""

    period: int = Field(description="How many changes the first averages are of, and by which later ones go on.")
    step: Literal["sum", "first", "recursion"] = Field(
        description="sum: too few changes, gain = previous gain + this change if it rose, loss alike if it fell; "
        "first: these sums, divided by the period; recursion: (previous x (period - 1) + this change) / period."
    )
    previous: PreviousOut | None = Field(description="Null for a series' first bar, and where it is no longer kept.")
    change: float | None = Field(description="This close less the one before, in the symbol's currency.")
    gain: float = Field(description="After this bar, in the symbol's currency.")
    loss: float = Field(description="After this bar, in the symbol's currency.")
    value: Rsi
    seed: SeedOut


class RuleOut(ApiModel):
    """What turns the numbers into an action."""

    strategy: StrategyName
    fast: int = Field(description="Period of the fast average: How many closes.")
    slow: int = Field(description="Period of the slow average: How many closes.")
    rsi_period: int = Field(description="Period of the RSI: How many changes.")
    buy_below: float | None = Field(description="RSI points below which a dip is one; null for a rule of your own.")
    sell_above: float | None = Field(description="RSI points above which a rally is one; null for a rule of your own.")
    warm_up: int = Field(description="How many bars a series needs before the rule is applied.")
    says: str = Field(description="The rule in a sentence.")


class CauseOut(ApiModel):
    """The bar that had the signal computed again."""

    kind: Literal["late", "corrected"] = Field(
        description="late: it came behind newer ones; corrected: it came again with another value."
    )
    timestamp: BarStart
    origin: OriginOf
    source: Source
    feed: Feed


class RevisionOut(ApiModel):
    """How often the signal was computed again, and why the last time."""

    revision: int = Field(description="0 at first; one more each time a correction or a late bar changes it.")
    cause: CauseOut | None = Field(
        description="Of the last revision, as far as the rows kept tell it; null for a first computation."
    )


class ExplainOut(ApiModel):
    """A signal, and all that its numbers follow from."""

    run_id: RunId
    run_reason: RunReason
    synthetic: Synthetic
    complete: Complete
    partitions: Partitions
    symbol: Symbol
    signal: SignalOut
    rule: RuleOut
    sma_fast: FastOut
    sma_slow: SlowOut
    rsi: RsiOut
    revision: RevisionOut
    position: PositionOut | None = Field(description="Up to where the bars in this were read; null before the first.")
