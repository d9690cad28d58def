"""What the routes ask of the worker, so that they know nothing of Faust or RocksDB.

Every call is answered from memory or with a few look-ups in a local table, on the
event loop; those that may take longer are coroutines and give way to the loop as they go.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from app.domain.records import Action, Origin, Signal
from app.domain.row import Row
from app.domain.signal import is_transition
from app.domain.strategy import Strategy


@dataclass(frozen=True, slots=True)
class RunInfo:
    """One run, as far as this worker's partitions hold it; `newest_bar` is its start, UTC, milliseconds since 1970."""

    run_id: str
    origin: Origin
    newest_bar: int
    symbols: int
    signals: int


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the worker does its work: `reasons` are sentences that say why not, none when it does.

    While `recovering`, the tables are incomplete and no data is served;
    `retry_after` is how many seconds a client should wait. `deployment` says whose worker it is.
    `dead_letters` it wrote in the last 24 hours, by reason: they are no reason not to be ready.
    """

    recovering: bool = False
    reasons: tuple[str, ...] = ()
    retry_after: int = 2
    deployment: str | None = None
    dead_letters: Mapping[str, int] = field(default_factory=dict)

    @property
    def ready(self) -> bool:
        """Whether there is nothing to wait for."""
        return not self.recovering and not self.reasons


@dataclass(frozen=True, slots=True)
class PartitionOwner:
    """A partition whose table another worker holds; `owner` is its base URL, None when no worker is known to."""

    partition: int
    owner: str | None


@dataclass(frozen=True, slots=True)
class SignalFilter:
    """Which signals: the newest `limit` of those that match.

    `actions` (empty: any); `transitions`: only changes; bars that start at or after `since`
    and before `until`, UTC, milliseconds since 1970.
    """

    limit: int
    actions: frozenset[Action] = field(default_factory=frozenset)
    transitions: bool = False
    since: int | None = None
    until: int | None = None

    @property
    def everything(self) -> bool:
        """Whether every signal matches."""
        return not self.actions and not self.transitions and self.since is None and self.until is None

    def matches(self, row: Row) -> bool:
        """Whether the signal of a row is one of these."""
        return (
            (not self.actions or row.action in self.actions)
            and (not self.transitions or is_transition(row.action, row.previous_action))
            and (self.since is None or row.timestamp >= self.since)
            and (self.until is None or row.timestamp < self.until)
        )


class Page(NamedTuple):
    """How many signals match, and the newest of them: newest bar first, ties by symbol ascending."""

    total: int
    signals: Sequence[Signal]


class Position(NamedTuple):
    """Up to where a partition of the raw topic was read: the topic's id, partition, the last offset included."""

    topic_id: str
    partition: int
    offset: int


class Bars(NamedTuple):
    """The newest rows of a symbol, oldest first, where its series began with a split, and what was read by then."""

    rows: Sequence[Row]
    series_start: Row | None
    position: Position | None


class Reader(Protocol):
    """The table of one worker. Where a run or symbol is unknown the answer is empty or None, never an error."""

    strategy: Strategy

    def readiness(self) -> Readiness:
        """Whether the worker does its work, and why not."""

    def missing_partitions(self) -> Sequence[PartitionOwner]:
        """The partitions that other workers hold; none when this one holds all."""

    def elsewhere(self, symbol: str) -> PartitionOwner | None:
        """Where the symbol's partition is when it is not here; None when it is here."""

    def runs(self) -> Sequence[RunInfo]:
        """Every run with a signal here, the one active last first."""

    def symbols(self, run_id: str) -> Sequence[str]:
        """The run's symbols, ascending."""

    def knows(self, run_id: str, symbol: str) -> bool:
        """Whether the run has the symbol here."""

    async def signals(self, run_id: str, symbol: str, wanted: SignalFilter) -> Page:
        """The symbol's signals that match."""

    async def recent(self, run_id: str, wanted: SignalFilter) -> Page:
        """The signals of all symbols that match."""

    async def bars(self, run_id: str, symbol: str, limit: int) -> Bars:
        """The symbol's newest bars."""
