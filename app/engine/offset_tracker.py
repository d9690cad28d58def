"""Tracks which offsets of one partition were fetched, begun and finished, and so may be committed.

Acking "everything since my last end" is not enough: a batch that is dropped on
its way to the agent (a rebalance does that) would look like a gap and be skipped.
So batches must join without a gap from fetch to fetch and from begin to begin.
"""

from collections import deque
from collections.abc import Sequence
from itertools import count
from threading import Lock

from faust.types import TP

from app.engine.batch import Batch, Record
from app.engine.errors import OffsetGap

#: Never repeated, so that no batch of an assignment passes for one of the next.
_epochs = count(1)


class OffsetTracker:
    """The bookkeeping of one partition.

    Fetching runs in the consumer's thread, everything else in the main one; the
    lock makes each step one step for the other side.
    """

    def __init__(self, tp: TP) -> None:
        self.tp = tp
        self._lock = Lock()
        self._epoch = next(_epochs)
        self._fetched: int | None = None
        self._begun: int | None = None
        self._position = 0
        self._pending: deque[Batch] = deque()

    def seek(self, offset: int) -> None:
        """Start again at `offset`; all that was fetched before is void."""
        with self._lock:
            self._epoch = next(_epochs)
            self._fetched = self._begun = self._position = offset
            self._pending.clear()

    def fetch(self, records: Sequence[Record], position: int) -> Batch | None:
        """The batch of records just fetched, with `position` the next offset to fetch; None before the first seek.

        Raises OffsetGap when they lie before what was fetched already: the client
        has moved by itself, as it does when a topic was cut or made again.
        """
        with self._lock:
            start = self._fetched
            if start is None:
                return None
            if records[0].offset < start or records[-1].offset >= position:
                raise OffsetGap(
                    f"{self.tp.topic}[{self.tp.partition}]: fetched offsets {records[0].offset} to "
                    f"{records[-1].offset} though {start} to {position - 1} were due"
                )
            self._fetched = self._position = position
            return Batch(self.tp, records, start, position, self._epoch)

    def skip(self, position: int) -> None:
        """Note that the next offset to fetch is `position`, with no record before it."""
        with self._lock:
            if self._fetched is not None and position > self._fetched:
                self._position = position

    def begin(self, batch: Batch) -> bool:
        """Whether the agent may process the batch: False when a seek made it void. Raises OffsetGap."""
        with self._lock:
            if batch.epoch != self._epoch:
                return False
            if batch.start != self._begun:
                raise OffsetGap(
                    f"{self.tp.topic}[{self.tp.partition}]: a batch starts at offset {batch.start}, "
                    f"but the one before it ended at {self._begun}"
                )
            self._begun = batch.end
            self._pending.append(batch)
            return True

    def is_current(self, batch: Batch) -> bool:
        """Whether no seek has made the batch void."""
        return batch.epoch == self._epoch

    def give_up(self, batch: Batch) -> None:
        """Take no batch any more until the next seek: this one was begun and will not be finished."""
        with self._lock:
            if batch.epoch != self._epoch:
                return  # A seek has made it void already.
            self._epoch = next(_epochs)
            self._fetched = None
            self._forget_finished()
            if self._pending:
                self._begun = self._pending[0].start
                self._pending.clear()

    def committable(self) -> int | None:
        """The offset up to which everything is finished; None while it is not known."""
        with self._lock:
            self._forget_finished()
            if self._pending:
                return self._pending[0].start
            if self._fetched is not None and self._fetched == self._begun:
                # Nothing is under way, yet the position may have moved: transaction
                # markers were there. Without this the lag would stay 1 for ever.
                self._fetched = self._begun = self._position
            return self._begun

    def forget_finished(self) -> None:
        """Let go of batches that are acked, and with them of their records."""
        with self._lock:
            self._forget_finished()

    def _forget_finished(self) -> None:
        while self._pending and self._pending[0].acked:
            self._pending.popleft()
