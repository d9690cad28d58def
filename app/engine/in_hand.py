"""The batches in hand: one of each partition, and not too many records in all."""

import asyncio

from app.engine.batch import Batch

#: Records in hand at once, of all partitions: what follows from each takes some kilobytes until it is committed.
MOST_RECORDS = 16_000


class InHand:
    """The batches that agents or threads work on. For one event loop; `records` for any thread."""

    def __init__(self) -> None:
        #: How many records there are of each partition that has a batch here.
        self._records: dict[int, int] = {}
        self._one_finished = asyncio.Event()

    @property
    def records(self) -> int:
        """How many records are being computed or written now."""
        return sum(list(self._records.values()))

    async def room_for(self, batch: Batch) -> None:
        """Return once the partition's batch before is finished, and few enough records are in hand."""
        while not self._has_room(batch):
            await self._one_finished.wait()

    def take(self, batch: Batch) -> None:
        """Count a batch from now on."""
        self._records[batch.partition] = len(batch.records)

    def finish(self, batch: Batch) -> None:
        """Count a batch no more; it need not have been taken."""
        self._records.pop(batch.partition, None)
        self._one_finished.set()
        self._one_finished = asyncio.Event()

    def _has_room(self, batch: Batch) -> bool:
        if batch.partition in self._records:
            return False
        return not self._records or self.records + len(batch.records) <= MOST_RECORDS
