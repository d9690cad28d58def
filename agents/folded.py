"""What one agent hands on to the next: a batch of bars, folded into the windows."""

from collections import Counter
from dataclasses import dataclass

from app.avro.serde import Poison
from app.domain.outcome import Outcome
from app.domain.updates import Updates
from app.domain.windows import Windows
from app.engine.batch import Batch, Record


@dataclass(slots=True)
class FoldedBatch:
    """A batch of bars, folded: the rows that changed, the outcome of each bar, and the records that are poison."""

    batch: Batch
    #: Those of the batch's partition, still as they were before it.
    windows: Windows
    updates: Updates
    outcomes: Counter[Outcome]
    poisoned: list[tuple[Record, Poison]]
