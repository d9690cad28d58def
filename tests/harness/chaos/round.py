"""What a round of a long run left, and what is wrong with it."""

from collections import deque
from dataclasses import dataclass, field

from tests.harness.chaos.tables import Shown


@dataclass
class Round:
    """What was found, and what is wrong with it."""

    problems: list[str] = field(default_factory=list)
    #: What the newest signals must show, by series, oldest first; as many as tables may hold.
    expected: dict[tuple[str, str], deque[Shown]] = field(default_factory=dict)
    records: int = 0
    bars: int = 0
    poisoned: int = 0
    stale: int = 0
    #: What readers of committed records see.
    committed_signals: int = 0
    #: Signals and dead letters of attempts that were aborted: they lie in the topics, and nobody sees them.
    aborted_records: int = 0
    observations: int = 0

    def shown_of(self, run_id: str, symbol: str, most: int) -> deque[Shown]:
        """What the newest signals of a series must show, at most so many."""
        return self.expected.setdefault((run_id, symbol), deque(maxlen=most))

    def add(self, other: "Round") -> None:
        """Take in what was found of other series."""
        self.problems += other.problems
        self.expected |= other.expected
        self.records += other.records
        self.bars += other.bars
        self.poisoned += other.poisoned
        self.stale += other.stale
        self.committed_signals += other.committed_signals
        self.aborted_records += other.aborted_records
