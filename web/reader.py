"""What the routes ask of the worker, so that they know nothing of Faust or RocksDB.

Every call is answered from memory or with one look-up in a local table, on
the event loop; only `recent` may take longer, and gives way to the loop as it goes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from app.domain.records import Action, Origin, Signal
from app.domain.strategy import Strategy
from app.domain.window import Window


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
    `retry_after` is how many seconds a client should wait.
    """

    recovering: bool = False
    reasons: tuple[str, ...] = ()
    retry_after: int = 2

    @property
    def ready(self) -> bool:
        """Whether there is nothing to wait for."""
        return not self.recovering and not self.reasons


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A partition whose tables another worker holds; `owner` is its base URL, None when no worker is known to."""

    partition: int
    owner: str | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which signals: the newest `limit` of those with one of `actions` (empty: any); `transitions`: only changes."""

    limit: int
    actions: frozenset[Action] = field(default_factory=frozenset)
    transitions: bool = False

    @property
    def everything(self) -> bool:
        """Whether every signal matches."""
        return not self.actions and not self.transitions


class Page(NamedTuple):
    """How many signals match, and the newest of them: newest bar first, ties by symbol ascending."""

    total: int
    signals: Sequence[Signal]


class Reader(Protocol):
    """The tables of one worker. Where a run or symbol is unknown the answer is empty or None, never an error."""

    strategy: Strategy

    def readiness(self) -> Readiness:
        """Whether the worker does its work, and why not."""

    def missing_partitions(self) -> Sequence[Elsewhere]:
        """The partitions that other workers hold; none when this one holds all."""

    def elsewhere(self, symbol: str) -> Elsewhere | None:
        """Where the symbol's partition is when it is not here; None when it is here."""

    def runs(self) -> Sequence[RunInfo]:
        """Every run with a signal here, the one active last first."""

    def symbols(self, run_id: str) -> Sequence[str]:
        """The run's symbols, ascending."""

    def signals(self, run_id: str, symbol: str, wanted: Wanted) -> Page | None:
        """The symbol's signals that match; None for an unknown symbol."""

    async def recent(self, run_id: str, wanted: Wanted) -> Page:
        """The signals of all symbols that match."""

    def window(self, run_id: str, symbol: str) -> Window | None:
        """The symbol's window; None for an unknown symbol."""
