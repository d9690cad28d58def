"""Fetches records in batches, in the consumer's own thread."""

import asyncio
from collections.abc import Awaitable, Collection, Mapping
from contextlib import suppress
from time import monotonic
from typing import Any, TypeVar, cast

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import (
    ConsumerStoppedError,
    GroupAuthorizationFailedError,
    KafkaError,
    OffsetOutOfRangeError,
    TopicAuthorizationFailedError,
)
from aiokafka.structs import TopicPartition
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Transport
from faust.types import TP

from app.engine import private
from app.engine.batch import Batch
from app.engine.errors import OffsetGap
from app.engine.offset_tracker import OffsetTracker
from app.engine.rights import NotAllowed, Right

T = TypeVar("T")

#: How often to look whether the partitions have been sought by now, or taken up again.
LOOK_SECONDS = 0.02


#: How long the broker may wait for records before it answers.
FETCH_WAIT_MS = 100

#: How long a commit may take; state, not the committed offset, says where reading goes on.
COMMIT_SECONDS = 3.0

#: How long the broker may take to tell where its partitions end, or who is in the group.
ANSWER_SECONDS = 2.0

#: How long leaving the group may take.
STOP_SECONDS = 3.0


class BatchFetcher(AIOKafkaConsumerThread):
    """Takes what has arrived, a batch of at most `batch_max` records a partition and turn.

    Every partition has its turn before any has a second one, so that no busy
    partition starves the others.
    """

    #: Records at most in one batch; the app sets it.
    batch_max = 5000

    #: With so many the turn ends, and the next one goes on behind: agents work on these while more are unpacked.
    enough = 1000

    def __post_init__(self) -> None:
        super().__post_init__()
        self.trackers: dict[TP, OffsetTracker] = {}
        #: The trackers of partitions that may be read: those that were sought before the last rebalance ended.
        self.readable: dict[TP, OffsetTracker] | None = None
        #: When records were last asked for (monotonic seconds); None before there are partitions to ask for.
        self.polled_at: float | None = None
        #: The partition that had its turn last.
        self._last = TP("", 0)

    def _create_worker_consumer(self, transport: Transport) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        private.read_committed(consumer)
        private.wait_briefly(consumer, FETCH_WAIT_MS)
        return consumer

    async def _fetch_records(
        self,
        consumer: AIOKafkaConsumer,
        active_partitions: set[TP],
        timeout: float | None = None,  # noqa: ASYNC109  # Faust's own signature
        max_records: int | None = None,
    ) -> dict[TP, list[Batch]]:
        self.polled_at = monotonic()
        if not self.consumer.flow_active:
            return {}
        if private.is_closed(consumer):
            raise ConsumerStoppedError
        streams = self.trackers if self.readable is self.trackers else {}
        partitions = active_partitions & streams.keys()
        if not partitions:
            # Faust resumes streams a moment before it seeks them.
            await asyncio.sleep(LOOK_SECONDS)
            return {}
        batches: dict[TP, list[Batch]] = {}
        asked_under = self.trackers
        # A cancelled wait would take the records with it: wait for none when there are some.
        count = 0
        for tp in sorted(partitions, key=lambda tp: (tp <= self._last, tp)):
            records = await self._fetched(consumer, [tp], 0)
            self._take(batches, consumer, records, asked_under)
            self._last = tp
            count += len(records.get(tp, ()))
            if count >= self.enough:
                break
        if not batches:
            wait_seconds = timeout or 0
            if streams.keys() - active_partitions:
                # Faust pauses a partition while batches queue for its agent, and waking it up does not end this wait.
                wait_seconds = min(wait_seconds, LOOK_SECONDS)
            records = await self._fetched(consumer, partitions, wait_seconds)
            self._take(batches, consumer, records, asked_under)
            for tp in partitions - records.keys():
                position, tracker = private.position(consumer, tp), self.trackers.get(tp)
                if position is not None and tracker is not None:
                    tracker.skip(position)
        return batches

    async def _fetched(
        self, consumer: AIOKafkaConsumer, partitions: Collection[TP], wait_seconds: float
    ) -> Mapping[TP, list[Any]]:
        try:
            return await private.fetched(consumer, partitions, wait_seconds=wait_seconds, limit=self.batch_max)
        except GroupAuthorizationFailedError as error:
            raise self._not_allowed() from error
        except TopicAuthorizationFailedError as error:
            raise NotAllowed(Right("Read", "topic", topic) for topic in {tp.topic for tp in partitions}) from error
        except OffsetOutOfRangeError as error:
            await self._begin_again(consumer, error.args[0])
            return {}
        except KafkaError:
            # What the coordinator refuses ends a fetch that waits, too. That passes, or `group_error` says why not.
            refused = private.pending_error(consumer)
            if refused is None:
                raise
            self.log.warning("The group's coordinator: %r", refused)
            return {}

    async def _begin_again(self, consumer: AIOKafkaConsumer, offsets: Mapping[TopicPartition, int]) -> None:
        """Take partitions over again of which the broker has no such offset: that counts and names what it deleted.

        Raises OffsetGap where nothing was deleted: then the topic was cut, and what this worker has read is gone.
        """
        # Without an answer nothing happens: the next fetch is refused again.
        earliest = await _answer(consumer.beginning_offsets(offsets), {})
        for place, begins in earliest.items():
            if offsets[place] >= begins:
                name = f"{place.topic}[{place.partition}]"
                raise OffsetGap(f"{name}: the broker has no offset {offsets[place]}, and begins at {begins}")
        if earliest:
            private.rejoin(consumer)

    def _not_allowed(self) -> NotAllowed:
        """What the broker means when it refuses this worker as a member of its group."""
        return NotAllowed([Right("Read", "group", self.app.conf.id)])

    def _take(
        self,
        batches: dict[TP, list[Batch]],
        consumer: AIOKafkaConsumer,
        records: Mapping[TP, list[Any]],
        asked_under: dict[TP, OffsetTracker],
    ) -> None:
        if not self.consumer.flow_active or self.trackers is not asked_under:
            # A rebalance came meanwhile, and no tracker takes these any more. Give them back: the seek
            # that follows it may have been made before they were taken.
            for tp, fetched in records.items():
                if private.position(consumer, tp) == fetched[-1].offset + 1:
                    consumer.seek(tp, fetched[0].offset)
            return
        # Looked up again after each wait: the assignment may have changed meanwhile.
        for tp, fetched in records.items():
            position, tracker = private.position(consumer, tp), self.trackers.get(tp)
            if position is None or tracker is None:
                continue
            batch = tracker.fetch(fetched, position)
            if batch is not None:
                batches[tp] = [batch]

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        if self.assignment().isdisjoint(offsets):
            return False  # A rebalance has taken them all; aiokafka calls an empty commit an error, and Faust a crash.
        try:
            return bool(await asyncio.wait_for(super()._commit(offsets), COMMIT_SECONDS))
        except TimeoutError:
            # aiokafka would try for ever, and nobody could stop the worker meanwhile.
            self.log.warning(
                "The broker did not take the offsets within %g s; they are committed later", COMMIT_SECONDS
            )
            return False

    def ask_for_topics(self) -> None:
        """Force a metadata refresh.

        A member that joined without metadata would wait minutes; if it leads the
        group, nobody gets partitions.
        """
        if self._consumer is not None and not self.should_stop:
            self.thread_loop.call_soon_threadsafe(private.refresh_metadata, self._consumer)

    def rejoin(self) -> None:
        """Join the group again, as after any rebalance: partitions are assigned, producers fenced, tables restored."""
        if self._consumer is not None and not self.should_stop:
            self.thread_loop.call_soon_threadsafe(private.rejoin, self._consumer)

    async def ends(self, tps: set[TP]) -> dict[TP, int]:
        """The present end of each partition; empty while the broker does not answer."""
        return cast(dict[TP, int], await self.call_thread(self._ends, tps))

    async def _ends(self, tps: set[TP]) -> dict[TP, int]:
        found = await _answer(self._ensure_consumer().end_offsets(tps), {})
        return {TP(place.topic, place.partition): end for place, end in found.items()}

    async def members(self) -> list[private.GroupMember]:
        """The members of this worker's group; empty while the broker does not answer."""
        return cast(list[private.GroupMember], await self.call_thread(self._members))

    async def _members(self) -> list[private.GroupMember]:
        return await _answer(private.members(self._ensure_consumer()), [])

    async def group_error(self) -> KafkaError | NotAllowed | None:
        """Why the broker does not take this worker as a member of its group; None while it does, or is not asked.

        NotAllowed where a right is missing; anything else passes.
        """
        if self._consumer is None or self.should_stop:
            return None
        error = cast("KafkaError | None", await self.call_thread(self._group_error))
        return self._not_allowed() if isinstance(error, GroupAuthorizationFailedError) else error

    async def _group_error(self) -> KafkaError | None:
        return private.pending_error(self._ensure_consumer())

    async def crash(self, exc: BaseException) -> None:
        """End the worker; a commit that the broker refuses is a right that is missing."""
        if isinstance(exc, GroupAuthorizationFailedError):
            exc = self._not_allowed()
        await super().crash(exc)

    def _stopped_set(self) -> None:
        # A crash may have closed the thread's loop by now, and then nobody waits for this.
        with suppress(RuntimeError):
            super()._stopped_set()

    async def on_thread_stop(self) -> None:
        """Stop the consumer, but do not wait long for a broker that is away."""
        try:
            await asyncio.wait_for(super().on_thread_stop(), STOP_SECONDS)
        except (TimeoutError, asyncio.CancelledError):
            # aiokafka cancels its own waits, and mode would take that for ours and wait a minute.
            self.log.warning("The broker is away: the group will notice by itself that this worker has left")

    async def seek_trackers(self, trackers: dict[TP, OffsetTracker], offsets: Mapping[TP, int]) -> None:
        """Seek partitions and their trackers, those of one assignment, in one step of the consumer's thread."""
        await self.call_thread(self._seek_trackers, trackers, offsets)

    async def _seek_trackers(self, trackers: dict[TP, OffsetTracker], offsets: Mapping[TP, int]) -> None:
        if trackers is not self.trackers:
            return  # Another assignment has come, and with it another seek.
        consumer = self._ensure_consumer()
        for tp, offset in offsets.items():
            consumer.seek(tp, offset)
            trackers.setdefault(tp, OffsetTracker(tp)).seek(offset)

    async def committed(self, tps: set[TP]) -> dict[TP, int | None]:
        """The group's committed offsets."""
        return cast(dict[TP, int | None], await self.call_thread(self._committed, tps))

    async def _committed(self, tps: set[TP]) -> dict[TP, int | None]:
        consumer = self._ensure_consumer()
        offsets = await asyncio.gather(*(consumer.committed(tp) for tp in tps))
        return dict(zip(tps, offsets, strict=True))


async def _answer(question: Awaitable[T], otherwise: T) -> T:
    """What the broker answers soon, or else the other value: aiokafka would ask for a minute and more.

    Meanwhile it would hold up all else that the consumer's thread does.
    """
    try:
        return await asyncio.wait_for(question, ANSWER_SECONDS)
    except (TimeoutError, KafkaError):
        return otherwise
