"""What one agent hands on to the next: a batch of bars, folded into the windows."""

from collections import Counter
from dataclasses import dataclass, field

from app.domain.outcome import Outcome
from app.domain.update_windows import BarUpdate
from app.domain.window import Window
from app.engine.batch import Batch, Record
from app.serde import Poison


@dataclass(slots=True)
class FoldedSeries:
    """One series of a batch: its key, run and symbol, its window after the batch, and the bars that changed."""

    key: bytes
    run_id: str
    symbol: str
    window: Window
    updates: list[BarUpdate]


@dataclass(slots=True)
class FoldedBatch:
    """All series of a batch, what its bars came to, and the records that are poison."""

    batch: Batch
    series: list[FoldedSeries] = field(default_factory=list)
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    poisoned: list[tuple[Record, Poison]] = field(default_factory=list)
