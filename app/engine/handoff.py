"""The in-memory channel by which one agent hands batches on to the next."""

from typing import Any

import faust
from mode.utils.queues import FlowControlEvent, ThrowableQueue

#: Batches that may wait for the next agent; the one before then waits too.
MOST_WAITING = 1


class Handoff(faust.Channel[Any]):
    """A channel that a rebalance does not empty.

    What is in it has been begun, so the consumer waits for it. Faust would clear the
    queues of ordinary channels, and wait for ever for what it had thrown away.
    """

    #: Not Faust's own, which is an event.
    _own_queue: ThrowableQueue[Any] | None = None

    @property
    def queue(self) -> ThrowableQueue[Any]:
        """The queue of one subscriber."""
        if self._own_queue is None:
            self._own_queue = ThrowableQueue(MOST_WAITING, flow_control=FlowControlEvent(initially_suspended=False))
        return self._own_queue
