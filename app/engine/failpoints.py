"""The points at which a fault may happen while a batch is written.

tests/harness/crashing lets every kind of fault happen at each of them; `BatchProcessor.reached` says where a batch is.
"""

from collections.abc import Callable
from enum import StrEnum

from app.engine.batch import Batch


class Failpoint(StrEnum):
    """A point between two steps, or in the middle of one, in the order in which a batch comes to them."""

    AFTER_FOLD = "after the fold"
    AFTER_BEGIN = "after the transaction began"
    SOME_PRODUCED = "after some records were produced"
    AFTER_PRODUCE = "after all records were produced"
    BEFORE_COMMIT = "before the commit"
    AFTER_COMMIT = "after the commit, before the store"
    AFTER_STORE = "after the store, before the ack"
    AFTER_ACK = "after the ack"


#: Called when a batch comes to a point, in the thread that does the step; the work goes on when it returns.
Observer = Callable[[Failpoint, Batch], None]


def unobserved(point: Failpoint, batch: Batch) -> None:
    """Do nothing."""
