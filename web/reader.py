"""The worker's interface for routes, so that they need not know Faust or RocksDB.

Every call is answered from memory or with a few look-ups in a local table, on the
event loop; those that may take longer are coroutines and give way to the loop as they go.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from app.domain.records import Action, Origin
from app.domain.row import Row
from app.domain.signal import is_transition
from app.domain.strategy import Strategy
from web.line import Line
from web.operations import Operations


@dataclass(frozen=True, slots=True)
class RunInfo:
    """One run, as far as some partitions hold it. Times are UTC, milliseconds since 1970, and a bar's is its start.

    `bars` counts all, those no longer kept included; `first_bar` is None when it is no longer kept of every symbol.
    """

    run_id: str
    origin: Origin
    is_live: bool
    first_bar: int | None
    oldest_kept: int
    newest_bar: int
    symbols: int
    bars: int
    signals: int
    active_at: int


@dataclass(frozen=True, slots=True)
class PartitionOwner:
    """Which worker holds a partition: its base URL, None when none is known to; and whether that is this one."""

    partition: int
    owner: str | None
    here: bool = False


@dataclass(frozen=True, slots=True)
class PartitionProgress:
    """How far a partition held here is.

    `position` is the next offset of the raw topic to process, None before it is read;
    `lag` how many of its records are not processed yet, None while that is not known.
    Where it is not `confirmed` another worker may have it by now: the broker has not said within a session that this
    one is still a member of the group, as after a pause.
    """

    partition: int
    position: int | None
    lag: int | None
    confirmed: bool = True


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
class SignalFilter:
    """Which signals: the newest `limit` of those that match.

    `actions` (empty: any); `transitions`: only changes; bars that start at or after `since`
    and before `until`, UTC, milliseconds since 1970. `latest`: of each symbol its newest signal, if it matches,
    by symbol. `after`: go on behind this one, a bar's start and symbol, in the order of the list.
    """

    limit: int
    actions: frozenset[Action] = field(default_factory=frozenset)
    transitions: bool = False
    since: int | None = None
    until: int | None = None
    latest: bool = False
    after: tuple[int, str] | None = None

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


class SignalPage(NamedTuple):
    """How many signals match, and the newest of them: newest bar first, ties by symbol ascending.

    `synthetic`: one of them is of made-up prices. `next` is the last one's bar and symbol where there are more behind
    it; see `SignalFilter.after`.
    """

    total: int
    lines: Sequence[Line]
    synthetic: bool = False
    next: tuple[int, str] | None = None


class Position(NamedTuple):
    """Up to where a partition of the raw topic was read: the topic and its id, partition, the last offset included."""

    topic: str
    topic_id: str
    partition: int
    offset: int


class SymbolBars(NamedTuple):
    """The newest rows of a symbol, oldest first, where its series began with a split, and what was read by then."""

    rows: Sequence[Row]
    series_start: Row | None
    position: Position | None


class SymbolState(NamedTuple):
    """A symbol of a run: start of its newest bar (UTC, milliseconds since 1970), that bar's action, and how many bars.

    `bars` counts all that it has had, those no longer kept included.
    """

    symbol: str
    newest_bar: int
    action: Action
    bars: int


class SessionRows(NamedTuple):
    """Symbols in ascending order, and for each the open of its first bar in a session and its newest transition.

    `transitions` are bar starts, UTC, milliseconds since 1970; `actions` those that these bars turned to.
    """

    symbols: Sequence[str]
    opens: Sequence[float | None]
    transitions: Sequence[int | None]
    actions: Sequence[Action | None]


class SeriesAt(NamedTuple):
    """The rows of a symbol up to a bar, oldest first, as far as they are kept; and those around a time without one.

    `seed` is the row with which the series' first RSI came, if it is kept; `position` is what was read by now.
    """

    rows: Sequence[Row]
    seed: Row | None
    position: Position | None
    before: int | None = None
    after: int | None = None


class Reader(Protocol):
    """The table of one worker. Where a run or symbol is unknown the answer is empty or None, never an error."""

    strategy: Strategy

    @property
    def operations(self) -> Operations:
        """The worker's partitions, and the dead letters."""

    def readiness(self) -> Readiness:
        """Whether the worker does its work, and why not."""

    def owners(self) -> Sequence[PartitionOwner]:
        """Who holds each partition, by its number."""

    @property
    def assignment(self) -> int:
        """A number that changes whenever this worker gets or gives away partitions."""

    def partition_of(self, symbol: str) -> int:
        """The partition that the symbol is on here, else the one on which its producer should put it."""

    async def progress(self, *, lag_now: bool) -> Sequence[PartitionProgress]:
        """How far each partition held here is.

        The lag may be a second old, unless the broker is to be asked for it now.
        """

    async def reach(self, positions: Mapping[int, int], seconds: float) -> None:
        """Wait until the partitions held here have these positions, at most so many seconds."""

    def runs(self) -> Sequence[RunInfo]:
        """Every run with a signal here, the one active last first."""

    def run_origin(self, run_id: str) -> Origin | None:
        """The origin of the signal of the run that was computed last here; None when it has none here."""

    def symbols(self, run_id: str) -> Sequence[str]:
        """The run's symbols, ascending."""

    def symbol_states(self, run_id: str) -> Sequence[SymbolState]:
        """Each symbol of the run here with its newest bar, by symbol."""

    def knows(self, run_id: str, symbol: str) -> bool:
        """Whether the run has the symbol here."""

    async def signals(self, run_id: str, symbol: str, wanted: SignalFilter) -> SignalPage:
        """The symbol's signals that match."""

    async def recent(self, run_id: str, wanted: SignalFilter) -> SignalPage:
        """The signals of all symbols that match."""

    def newest(self, run_id: str, symbols: Collection[str] | None) -> AsyncIterator[Sequence[Line]]:
        """The newest signal of each of these symbols, of all without a choice; in parts."""

    async def bars(self, run_id: str, symbol: str, limit: int) -> SymbolBars:
        """The symbol's newest bars."""

    async def session(self, run_id: str, minute: int) -> SessionRows:
        """Each symbol's first bar that starts at a minute (since 1970, UTC) or later, and its newest transition."""

    async def series_at(self, run_id: str, symbol: str, at: int | None) -> SeriesAt:
        """The symbol's rows up to the bar that starts at a time, UTC epoch milliseconds, or its newest one.

        Without such a bar there are no rows, but the bars before and after the time.
        """
