"""Whether this worker may still write for a partition.

A worker that was paused beyond its session wakes up believing that nothing
happened, while another has taken its partitions. So before each write it asks:
is the generation the batch was fetched in still ours, is the partition still
assigned, and has the broker confirmed both within the session timeout?
"""

import asyncio
from time import monotonic
from typing import cast

from faust.types import TP, AppT

from app.engine.consumer import BatchConsumer
from app.engine.delivery import Abandoned

#: The part of the session timeout within which the last confirmation must lie.
MARGIN = 0.8

RECHECK_SECONDS = 0.05


class Fence:
    """The right to write for a partition in one generation of the group."""

    def __init__(self, app: AppT, tp: TP, generation_id: int | None) -> None:
        self._app = app
        self._tp = tp
        self._generation_id = generation_id
        self._max_age = MARGIN * app.conf.broker_session_timeout

    @property
    def _consumer(self) -> BatchConsumer:
        return cast(BatchConsumer, self._app.consumer)

    def owned(self) -> bool:
        """Whether the generation is still that one, and the partition assigned."""
        return self._generation_id == self._app.consumer_generation_id and self._tp in self._consumer.assignment()

    def confirmed(self) -> bool:
        """Whether the broker has lately accepted this worker as a member of the group."""
        return monotonic() - self._consumer.confirmed_at < self._max_age

    def wanted(self) -> bool:
        """Whether to go on waiting for the broker: not after losing the partition, nor while it should be given up."""
        leaving = self._app.should_stop or self._app.rebalancing
        return self.owned() and (self.confirmed() or not leaving)

    async def pass_(self) -> None:
        """Return once the worker may write. Raises Abandoned when it may not any more."""
        while not (self.owned() and self.confirmed()):
            if not self.wanted():
                raise Abandoned
            await asyncio.sleep(RECHECK_SECONDS)
