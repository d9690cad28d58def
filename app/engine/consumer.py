"""The consumer that delivers batches and commits what they finished."""

import asyncio
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any, cast

from faust.transport.drivers import aiokafka
from faust.types import TP, ConsumerMessage, Message
from faust.types.transports import TPorTopicSet

from app import metrics
from app.engine.batch import Batch
from app.engine.fetcher import BatchFetcher
from app.engine.spans import Spans

#: Where to start reading a partition, by the state that its records made; None when there is no state.
StateOffset = Callable[[TP], int | None]

#: A broker that has not taken a commit for so long is not asked again by a worker that is stopping.
FRESH_SECONDS = 4.0


class BatchConsumer(aiokafka.Consumer):
    """Faust's aiokafka consumer, with batches for messages.

    Reading starts where the state of the tables ends, not where the group last
    committed: the two differ after a crash, and the state is right. Offsets are
    still committed, every second, for lag monitors and as proof that this worker
    is a member of the group (`confirmed_at`).
    """

    _thread: BatchFetcher

    #: Set by the app before the consumer starts.
    state_offset: StateOffset = staticmethod(lambda tp: None)

    #: Of which assignment the streams were last sought.
    _sought: dict[TP, Spans] | None = None

    #: When the broker last accepted a commit of this worker's generation (monotonic seconds).
    confirmed_at = 0.0

    def _new_consumer_thread(self) -> BatchFetcher:
        return BatchFetcher(self, loop=self.loop, beacon=self.beacon)

    @property
    def fetcher(self) -> BatchFetcher:
        """The part that runs in the consumer's thread."""
        return self._thread

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:
        batch: Batch = record
        last = batch.records[-1]
        # Recovery counts by the offset of what it has applied, so a changelog's
        # batch is known by its last record; a stream's by where it starts.
        offset = last.offset if self._is_changelog_tp(tp) else batch.start
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            offset,
            last.timestamp / 1000.0,
            0,
            None,
            None,
            cast(bytes, batch),
            None,
            0,
            0,
            tp,
            generation_id=self.app.consumer_generation_id,
        )

    def begin(self, batch: Batch) -> bool:
        """Whether the agent may process this batch; False for one that a seek made void. Raises Hole."""
        spans = self._thread.spans.get(batch.tp)
        return spans is not None and spans.begin(batch)

    def forget(self, message: Message) -> None:
        """Let nobody wait for a batch that a seek made void."""
        self._unacked_messages.discard(message)

    def give_up(self, message: Message) -> None:
        """Leave a batch un-acked, and its partition alone until the next seek, which begins with this batch again."""
        spans = self._thread.spans.get(message.tp)
        if spans is not None:
            spans.give_up()
        self._unacked_messages.discard(message)

    def ack(self, message: Message) -> bool:
        """Mark a batch as finished: outputs, changelog and store are written."""
        batch = cast(Batch, message.value)
        message.acked = batch.acked = True
        self._unacked_messages.discard(message)
        return True

    def stream_tps(self) -> set[TP]:
        """This worker's partitions of the topics that agents read."""
        acking = self.app.topics.acking_topics
        return {tp for tp in self.assignment() if tp.topic in acking and not self._is_changelog_tp(tp)}

    def _filter_tps_with_pending_acks(self, topics: TPorTopicSet | None = None) -> Iterator[TP]:
        return (tp for tp in self.stream_tps() if topics is None or tp in topics or tp.topic in topics)

    def finished(self, tp: TP) -> int | None:
        """The offset up to which everything is finished; None before the partition is read."""
        spans = self._thread.spans.get(tp)
        return None if spans is None else spans.committable()

    def _new_offset(self, tp: TP) -> int | None:
        return self.finished(tp)

    def _should_commit(self, tp: TP, offset: int) -> bool:
        # An unchanged offset is committed too: the broker's answer says that this
        # worker's generation is still the group's.
        return True

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Spans know the gaps; Faust's own tree of them would only grow."""

    async def _commit(self, offsets: Any) -> bool:
        asked_at = monotonic()
        if self.app.should_stop and asked_at - self.confirmed_at > FRESH_SECONDS:
            return False  # The broker is away, and nothing hangs on this commit.
        if self._thread.should_stop:
            return False  # A crash ends the thread at once: nobody would answer, and the worker would never end.
        committed = await super()._commit(offsets)
        if committed:
            self.confirmed_at = asked_at
        return committed

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Forget what was fetched under the assignment before: nothing is read until `perform_seek`."""
        self._thread.spans = {}
        self._thread.polled_at = (self._thread.polled_at or monotonic()) if assigned else None
        await super().on_partitions_assigned(assigned, generation_id)

    async def perform_seek(self) -> None:
        """Seek every stream partition to where the state of its table ends."""
        tps, spans = self.stream_tps(), self._thread.spans
        if not (tps and self.flow_active):
            # Faust's fetcher, too, asks for this when a rebalance stops the flow under
            # it; the state is not there yet then, and the recovery ends with a seek.
            return
        earliest, committed = await asyncio.gather(self.earliest_offsets(*tps), self._thread.committed(tps))
        targets = {tp: self._start(tp, earliest[tp], committed[tp]) for tp in tps}
        await self._thread.seek_spans(spans, targets)
        self._sought = spans
        self._read_offset.update(targets)
        self._committed_offset.update(committed)
        await self.commit()

    def open_streams(self) -> None:
        """Let the streams be read that were sought; to be called when a rebalance has ended.

        Shortly before that Faust empties the agents' queues: what came there since the seek would be lost.
        """
        self._thread.readable = self._sought

    def _start(self, tp: TP, earliest: int, committed: int | None) -> int:
        name = f"{tp.topic}[{tp.partition}]"
        deleted = metrics.deleted_records.labels(tp.topic)  # From now on it is shown, with 0.
        state = self.state_offset(tp)
        if state is None:
            if committed:
                self.log.warning(
                    "%s: no state, though the group committed %d: reading from the start (%d)",
                    name,
                    committed,
                    earliest,
                )
            return earliest
        if state < earliest:
            self.log.error(
                "%s: records %d to %d were deleted by retention before they were processed", name, state, earliest - 1
            )
            deleted.inc(earliest - state)
            return earliest
        if committed is not None and state < committed:
            self.log.warning(
                "%s: state ends at %d, the group committed %d: reading again from %d", name, state, committed, state
            )
        return state
