"""The models of answers about runs and their symbols."""

from pydantic import Field

from app.domain.records import Action
from web.models import ApiModel, BarStart, Complete, OriginOf, Partitions, RunId, RunReason, Symbol, Synthetic, Time


class SymbolOut(ApiModel):
    """One symbol of a run."""

    symbol: Symbol
    newest_bar: BarStart
    action: Action = Field(description="What the rule says of its newest bar.")
    bars: int = Field(description="How many bars it has had, those no longer kept included.")


class SymbolsOut(ApiModel):
    """The symbols of a run, ascending."""

    run_id: RunId | None = Field(description="Null while there is no run at all.")
    run_reason: RunReason
    synthetic: Synthetic
    total: int = Field(description="How many symbols.")
    complete: Complete
    partitions: Partitions
    symbols: list[SymbolOut]


class RunOut(ApiModel):
    """One series of bars."""

    run_id: RunId
    origin: OriginOf
    live: bool = Field(
        description="Whether it is live: its id begins with live-, or its newest bar's origin is live or backfill."
    )
    active: bool = Field(description="Whether it is the run that answers take when ?run= is missing.")
    first_bar: Time | None = Field(
        description="Start of its first bar, UTC; null where the first bar of some symbol is no longer kept."
    )
    oldest_kept_bar: Time = Field(description="Start of the oldest bar that is still kept, UTC.")
    newest_bar: BarStart
    newest_bar_ahead: bool = Field(
        description="Whether the newest bar starts later than it is now, by this machine's clock: a wrong clock, "
        "or bars with a wrong time."
    )
    active_at: Time = Field(description="When its last signal was computed, UTC.")
    symbols: int = Field(description="How many symbols.")
    bars: int = Field(description="How many bars it has had, those no longer kept included.")
    signals: int = Field(description="How many signals are kept.")


class RunsOut(ApiModel):
    """The runs, the one active last first."""

    total: int = Field(description="How many runs.")
    complete: Complete
    partitions: Partitions
    runs: list[RunOut]
