"""The consumer: it delivers batches, and commits the offsets of those that are finished."""

import asyncio
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any, cast

from faust.exceptions import ConsumerNotStarted
from faust.transport.drivers import aiokafka
from faust.types import TP, ConsumerMessage
from faust.types.transports import TPorTopicSet

from app.engine.batch import Batch
from app.engine.fetcher import BatchFetcher
from app.engine.offset_tracker import OffsetTracker

#: Where to start reading a partition, by the state that its records made; None when there is no state.
StateOffset = Callable[[TP], int | None]

#: Called with the topic and how many of its records retention deleted before they were processed; 0 when none were.
OnDeleted = Callable[[str, int], None]

#: A broker that has not taken a commit for so long is not asked again by a worker that is stopping.
FRESH_SECONDS = 4.0

#: One may be late or lost.
HEARTBEATS = 3

#: The part of its session within which the broker has lately accepted a worker as a member.
CONFIRMED_LATELY = 0.8


class BatchConsumer(aiokafka.Consumer):
    """Faust's aiokafka consumer, with batches for messages.

    Reading starts at the table's checkpoint, not where the group last committed:
    the two differ after a crash, and the checkpoint is right. Offsets are still
    committed, every second, for lag monitors and as a sign that this worker is a
    member of the group (`confirmed_at`).
    """

    _thread: BatchFetcher

    #: Set by the app before the consumer starts.
    state_offset: StateOffset = staticmethod(lambda tp: None)

    #: Set by the app before the consumer starts.
    on_deleted: OnDeleted = staticmethod(lambda topic, count: None)

    #: Of which assignment the streams were last sought.
    _sought: dict[TP, OffsetTracker] | None = None

    #: In which rebalance, counted by the app, partitions were last assigned.
    assigned_in = 0

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
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            batch.start,
            batch.records[-1].timestamp / 1000.0,
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
        """Whether the agent may process this batch; False for one that a seek made void. Raises OffsetGap."""
        tracker = self._thread.trackers.get(batch.tp)
        return tracker is not None and tracker.begin(batch)

    def forget(self, batch: Batch) -> None:
        """Forget a batch that a seek made void, so that no rebalance waits for it."""
        if batch.message is not None:
            self._unacked_messages.discard(batch.message)

    def give_up(self, batch: Batch) -> None:
        """Leave a batch un-acked, and its partition alone until the next seek, which begins with this batch again."""
        tracker = self._thread.trackers.get(batch.tp)
        if tracker is not None:
            tracker.give_up(batch)
        self.forget(batch)

    def finish(self, batch: Batch) -> None:
        """Mark a batch as finished: it is committed and stored."""
        batch.acked = True
        if batch.message is not None:
            self.ack(batch.message)
        tracker = self._thread.trackers.get(batch.tp)
        if tracker is not None:
            tracker.forget_finished()

    def ack(self, message: Any) -> bool:
        """Forget a message, so that no rebalance waits for it.

        The trackers know which batches are finished; Faust's own lists would only grow.
        """
        message.acked = True
        self._unacked_messages.discard(message)
        return True

    async def highwaters(self, *partitions: TP) -> dict[TP, int]:
        """Nothing for Faust to restore: the engine does it, in bulk and by position (app/engine/restorer.py)."""
        return dict.fromkeys(partitions, 0)

    def holds(self, batch: Batch) -> bool:
        """Whether the group still gives the batch's partition to this worker, in the generation it was fetched in."""
        message = batch.message
        same = message is not None and message.generation_id == self.app.consumer_generation_id
        return same and batch.tp in self.assignment()

    def is_current(self, batch: Batch) -> bool:
        """Whether the batch is still to be finished: its partition is held, and was not sought or given up since."""
        tracker = self._thread.trackers.get(batch.tp)
        return tracker is not None and tracker.is_current(batch) and self.holds(batch)

    @property
    def hears_within(self) -> float:
        """Seconds in which this worker hears of a rebalance that has begun: some heartbeats."""
        return HEARTBEATS * float(self.app.conf.broker_heartbeat_interval)

    def confirmed_lately(self) -> bool:
        """Whether the broker has accepted this worker as a member of the group within most of its session."""
        return monotonic() - self.confirmed_at < CONFIRMED_LATELY * self.app.conf.broker_session_timeout

    def assignment(self) -> set[TP]:
        """The partitions that the group gave this worker: none before its client is there, as when it stops by then."""
        try:
            return super().assignment()
        except ConsumerNotStarted:
            return set()

    def stream_tps(self) -> set[TP]:
        """This worker's partitions of the topics that agents read."""
        acking = self.app.topics.acking_topics
        return {tp for tp in self.assignment() if tp.topic in acking and not self._is_changelog_tp(tp)}

    def _filter_tps_with_pending_acks(self, topics: TPorTopicSet | None = None) -> Iterator[TP]:
        return (tp for tp in self.stream_tps() if topics is None or tp in topics or tp.topic in topics)

    def finished(self, tp: TP) -> int | None:
        """The offset up to which everything is finished; None before the partition is read."""
        tracker = self._thread.trackers.get(tp)
        return None if tracker is None else tracker.committable()

    def _new_offset(self, tp: TP) -> int | None:
        return self.finished(tp)

    def _should_commit(self, tp: TP, offset: int) -> bool:
        # An unchanged offset is committed too: the broker's answer says that this
        # worker's generation is still the group's.
        return True

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """The trackers know the gaps; Faust's own tree of them would only grow."""

    async def _commit(self, offsets: Any) -> bool:
        asked_at = monotonic()
        if self.app.should_stop and asked_at - self.confirmed_at > FRESH_SECONDS:
            return False  # The broker is away, and nothing depends on this commit.
        if self._thread.should_stop:
            return False  # A crash ends the thread at once: a call would get no answer, and the worker not end.
        committed = await super()._commit(offsets)
        if committed:
            self.confirmed_at = asked_at
        return committed

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Forget what was fetched under the assignment before: nothing is read until `perform_seek`."""
        self.assigned_in = self.app.rebalancing_count
        self._thread.trackers = {}
        self._thread.polled_at = (self._thread.polled_at or monotonic()) if assigned else None
        await super().on_partitions_assigned(assigned, generation_id)

    async def perform_seek(self) -> None:
        """Seek every stream partition to its checkpoint."""
        tps, trackers = self.stream_tps(), self._thread.trackers
        if not (tps and self.flow_active):
            # Faust's fetcher, too, asks for this when a rebalance stops the flow under
            # it; the state is not there yet then, and the recovery ends with a seek.
            return
        earliest, committed = await asyncio.gather(self.earliest_offsets(*tps), self._thread.committed(tps))
        targets = {tp: self._start(tp, earliest[tp], committed[tp]) for tp in tps}
        await self._thread.seek_trackers(trackers, targets)
        self._sought = trackers
        self._read_offset.update(targets)
        self._committed_offset.update(committed)
        await self.commit()

    def open_streams(self) -> None:
        """Let the streams be read that were sought; to be called when a rebalance has ended.

        Shortly before that Faust empties the agents' queues: what came there since the seek would be lost.
        """
        self._thread.readable = self._sought

    def _start(self, tp: TP, earliest: int, committed: int | None) -> int:
        name, place = f"{tp.topic}[{tp.partition}]", {"topic": tp.topic, "partition": tp.partition}
        state = self.state_offset(tp)
        self.on_deleted(tp.topic, 0 if state is None else max(0, earliest - state))
        if state is None:
            if committed:
                self.log.warning(
                    "%s: no state, though the group committed %d: reading from the start (%d)",
                    name,
                    committed,
                    earliest,
                    extra={**place, "offset": earliest},
                )
            return earliest
        if state < earliest:
            self.log.error(
                "%s: records %d to %d were deleted by retention before they were processed",
                name,
                state,
                earliest - 1,
                extra={**place, "offset": state, "last_offset": earliest - 1},
            )
            return earliest
        if committed is not None and state < committed:
            self.log.info(
                "%s: state ends at %d, the group committed %d: reading again from %d",
                name,
                state,
                committed,
                state,
                extra={**place, "offset": state},
            )
        return state
