"""Restoring a table's partitions from their changelog, in bulk.

It reads with a consumer of its own, to the last stable offset of each partition. By
then the partition's transactional id has been taken over, so nothing can be written
behind that offset any more: what is restored is complete. Markers of transactions
take offsets too, so the position counts, not the last record.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any, Protocol, cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from app.engine.checkpoint import RESET_KEY
from app.engine.errors import Fenced
from app.engine.rights import NotAllowed, Right, refused

log = logging.getLogger(__name__)

#: Records taken at once, and so written at once.
MOST_AT_ONCE = 10_000

POLL_SECONDS = 0.05

#: Errors of a fetch while brokers come and go; librdkafka tries again by itself.
_PASSING = frozenset(
    {
        KafkaError._TRANSPORT,
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._TIMED_OUT,
        KafkaError._RESOLVE,
        # Of a topic that was just made, and of a broker that was just started.
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.OFFSET_NOT_AVAILABLE,
    }
)


class RestoreTarget(Protocol):
    """The table to which rows are restored; see app.engine.table.BatchTable."""

    def changelog_position(self, partition: int) -> int:
        """The changelog offset to go on from; 0 when there is nothing yet."""

    def restore(self, partition: int, entries: Mapping[bytes, bytes | None], position: int) -> None:
        """Write entries (None: delete) and the position behind them."""

    def reset(self, partition: int) -> None:
        """Forget all entries of a partition."""


class ChangelogRestorer:
    """Brings partitions of one table to the end of their changelog; `restore` blocks, so call it in a thread."""

    def __init__(
        self,
        config: Mapping[str, Any],
        topic: str,
        target: RestoreTarget,
        factory: Callable[[dict[str, Any]], Consumer] = Consumer,
    ) -> None:
        self._factory = factory
        self._config = {
            **config,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            # A local broker gives more than librdkafka's default queue holds before the first call takes any.
            "queued.max.messages.kbytes": 32 * 1024,
            # With its default, 1 s, a queue that was full for a moment is filled again only then.
            "fetch.queue.backoff.ms": 5,
            "fetch.wait.max.ms": 20,
        }
        self._topic = topic
        self._target = target
        #: Records still to read, by partition; empty when nothing is being restored.
        self.remaining: dict[int, int] = {}
        #: When the broker was last asked for records (monotonic seconds).
        self.asked_at = monotonic()

    def restore(self, partitions: set[int], should_continue: Callable[[], bool]) -> int:
        """Read each partition to its end and return how many records that were. Raises Fenced, KafkaException."""
        starts = {partition: self._target.changelog_position(partition) for partition in partitions}
        consumer = self._factory(self._config)
        restored = 0
        try:
            ends = self._ends(consumer, partitions, should_continue)
            for partition in [each for each in partitions if starts[each] > ends[each]]:
                self._start_again(partition, starts[partition], ends[partition])
                starts[partition] = 0
            self.remaining = {each: max(0, ends[each] - starts[each]) for each in partitions}
            left = {each for each in partitions if self.remaining[each]}
            consumer.assign([TopicPartition(self._topic, each, starts[each]) for each in left])
            while left:
                self._check(should_continue)
                messages = consumer.consume(MOST_AT_ONCE, POLL_SECONDS)
                restored += self._write(messages, ends, left)
            return restored
        finally:
            self.remaining = {}
            consumer.close()

    def _start_again(self, partition: int, position: int, end: int) -> None:
        """Forget rows of which the changelog knows nothing: the next owner of the partition would not have them."""
        log.warning(
            "%s[%d]: the local state ends at %d, the changelog at %d: it was made again or has lost records, "
            "so all of it is restored again",
            self._topic,
            partition,
            position,
            end,
            extra={"topic": self._topic, "partition": partition, "offset": position},
        )
        self._target.reset(partition)

    def _check(self, should_continue: Callable[[], bool]) -> None:
        self.asked_at = monotonic()
        if not should_continue():
            raise Fenced("nobody waits for these partitions any more")

    def _ends(self, consumer: Consumer, partitions: set[int], should_continue: Callable[[], bool]) -> dict[int, int]:
        """The last stable offset of each partition, which is its end: the transactional ids are ours."""
        ends: dict[int, int] = {}
        while pending := partitions - ends.keys():
            self._check(should_continue)
            for partition in pending:
                try:
                    found = consumer.get_watermark_offsets(TopicPartition(self._topic, partition), timeout=2.0)
                except KafkaException as error:
                    self._raise_lasting(error.args[0])
                    break
                if found is not None:
                    ends[partition] = found[1]
        return ends

    def _raise_lasting(self, error: KafkaError) -> None:
        """Raise what does not pass by itself: NotAllowed, KafkaException."""
        if refused(error):
            needed = Right("Read", "topic", self._topic), Right("Describe", "group", self._config["group.id"])
            raise NotAllowed([needed[error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED]])
        if not (error.retriable() or error.code() in _PASSING):
            raise KafkaException(error)

    def _write(self, messages: list[Message], ends: Mapping[int, int], left: set[int]) -> int:
        entries: defaultdict[int, dict[bytes, bytes | None]] = defaultdict(dict)
        positions: dict[int, int] = {}
        count = 0
        for message in messages:
            partition, offset = cast(int, message.partition()), cast(int, message.offset())
            error = message.error()
            if error is not None:
                if error.code() == KafkaError._PARTITION_EOF:
                    positions[partition] = offset
                else:
                    self._raise_lasting(error)
                continue
            count += 1
            key = message.key()
            if key == RESET_KEY:
                self._target.reset(partition)
                entries[partition].clear()
            elif key is not None:
                entries[partition][key] = message.value()
            positions[partition] = offset + 1
        for partition, position in positions.items():
            self._target.restore(partition, entries[partition], position)
            self.remaining[partition] = max(0, ends[partition] - position)
            if position >= ends[partition]:
                left.discard(partition)
        return count
