"""Reads a topic without a consumer group: all partitions, nothing is committed."""

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Self

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from app.engine.errors import OperatorError
from app.engine.rights import NotAllowed, Right, refused
from app.kafka.broker import Broker, BrokerUnavailable
from app.kafka.clients import consumer_config
from app.kafka.offsets import Extent, watermarks
from app.kafka.refusals import right_to_read
from app.kafka.topic_admin import TopicMissing, describe, require_rights
from app.settings import Settings

_BATCH = 500
# How long Ctrl-C may go unnoticed, in seconds.
_POLL = 0.2


class TopicReader:
    """Yields a topic's records in batches, in order within each partition; a context manager.

    It starts at the oldest record, or only with what comes now; with `until_end` it stops where the
    partitions ended when it began. With `spans` it reads those offsets of those partitions, [start, end),
    and no others: an open transaction in between is waited for. Raises TopicMissing, NotAllowed, BrokerUnavailable.
    """

    def __init__(
        self,
        settings: Settings,
        topic: str,
        *,
        from_beginning: bool,
        until_end: bool,
        spans: Mapping[int, tuple[int, int]] | None = None,
    ) -> None:
        broker = Broker(settings)
        require_rights(broker, [Right("Read", "topic", topic)])
        found = describe(broker, [topic]).get(topic)
        if found is None:
            raise TopicMissing(
                f"There is no topic {topic}: `stocks topics create` makes it, as does the worker. "
                "If it has another name, check TOPIC_PREFIX"
            )
        self._until_end = until_end
        # librdkafka wants a name, though without subscribing and committing no group comes to be.
        self._settings = settings
        config = consumer_config(settings, f"{settings.id}-tail") | {
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 100,
        }
        self._consumer = Consumer(config)
        self._must_reach = spans is not None
        numbers = sorted(partition.id for partition in found.partitions)
        start = [TopicPartition(topic, number) for number in numbers if spans is None or number in spans]
        self._ends: dict[int, int] = {}
        extents = self._extents(start)
        for partition in start:
            low, high = extents[partition.partition]
            partition.offset = low if from_beginning else high
            if spans is not None:
                first, high = spans[partition.partition]
                partition.offset = max(low, first)
            self._ends[partition.partition] = high
        self._unfinished = {
            partition.partition for partition in start if partition.offset < self._ends[partition.partition]
        }
        self._consumer.assign(start)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._consumer.close()

    def batches(self) -> Iterator[list[Message]]:
        """The records of each fifth of a second; a batch may be empty."""
        while self._unfinished or not self._until_end:
            yield [message for message in self._consumer.consume(_BATCH, _POLL) if self._is_wanted(message)]

    def _is_wanted(self, message: Message) -> bool:
        partition, offset, error = message.partition(), message.offset(), message.error()
        if error is not None:
            if refused(error):
                raise NotAllowed([right_to_read(error, message.topic() or "", self._settings)])
            if error.code() != KafkaError._PARTITION_EOF or partition is None:
                raise BrokerUnavailable(f"Reading {message.topic()} failed: {error.str()}")
            # Transaction markers and compaction leave no record just before the end.
            if not self._must_reach or (offset is not None and offset >= self._ends[partition]):
                self._unfinished.discard(partition)
            return False
        if not self._until_end or partition is None or offset is None:
            return True
        if offset + 1 >= self._ends[partition]:
            self._unfinished.discard(partition)
        return offset < self._ends[partition]

    def _extents(self, partitions: list[TopicPartition]) -> dict[int, Extent]:
        try:
            return watermarks(self._consumer, partitions)
        except OperatorError:
            self._consumer.close()
            raise
