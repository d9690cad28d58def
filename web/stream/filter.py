"""Which signals a client wants."""

from dataclasses import dataclass, replace
from typing import Self

from web.stream.signal_batch import SignalBatch, SignalRecord


@dataclass(frozen=True, slots=True)
class StreamFilter:
    """Signals of one run: of these symbols (None: all), only transitions if so.

    `run_id` is None while there is no run at all; the first that comes is taken. `named` says whether
    the client's address names the run.
    """

    run_id: str | None
    symbols: frozenset[str] | None = None
    transitions: bool = False
    named: bool = True

    @property
    def run_in_id(self) -> str | None:
        """The run that ids have to carry."""
        return None if self.named else self.run_id

    def may_want(self, batch: SignalBatch) -> bool:
        """Whether it is worth looking into a batch; quick."""
        if self.run_id is not None and self.run_id not in batch.runs:
            return False
        return self.symbols is None or not self.symbols.isdisjoint(batch.by_symbol)

    def wants(self, record: SignalRecord) -> bool:
        """Whether the client gets a signal."""
        return (
            (self.run_id is None or record.run_id == self.run_id)
            and (self.symbols is None or record.symbol in self.symbols)
            and (not self.transitions or record.is_transition)
        )

    def wanted(self, batch: SignalBatch) -> list[int]:
        """Indexes of the records that the client gets, ascending."""
        if self.symbols is None:
            return [index for index, record in enumerate(batch.records) if self.wants(record)]
        found = [index for symbol in self.symbols for index in batch.by_symbol.get(symbol, ())]
        return sorted(index for index in found if self.wants(batch.records[index]))

    def with_run(self, run_id: str | None) -> Self:
        """This filter for another run."""
        return replace(self, run_id=run_id)
