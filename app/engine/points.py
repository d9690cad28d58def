"""Where a fault may come while a batch is worked through.

tests/crashing lets every kind of fault happen at each of them; `Worker.reached` tells it where a batch is.
"""

from enum import StrEnum


class Point(StrEnum):
    """A point between two steps, or in the middle of one, in the order in which a batch comes to them."""

    BEFORE_OUTPUTS = "before the outputs"
    SOME_OUTPUTS = "after some outputs"
    AFTER_OUTPUTS = "after the outputs"
    SOME_CHANGELOG = "after some changelog records"
    AFTER_CHANGELOG = "after the changelog"
    AFTER_STORE = "after the store"
    BEFORE_ACK = "before the ack"
    AFTER_ACK = "after the ack"
