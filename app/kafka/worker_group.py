"""Looks at the workers' consumer group without joining it."""

import time
from collections.abc import Collection
from typing import Self

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import ConsumerGroupDescription

from app.engine.rights import Operation, Right
from app.kafka.broker import TIMEOUT, Broker
from app.kafka.clients import consumer_config
from app.kafka.offsets import committed_offsets
from app.settings import Settings

# What a broker says of groups while it is new, or has just become their coordinator.
_NEW_BROKER = (
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
)


def describe_group(broker: Broker, name: str, operation: Operation = "Describe") -> ConsumerGroupDescription:
    """Its state and members. `operation` is the right on it that the caller needs in all.

    Raises NotAllowed, BrokerUnavailable.
    """
    until = time.monotonic() + TIMEOUT
    with broker.explaining(Right(operation, "group", name)):
        while True:
            try:
                answer = broker.admin.describe_consumer_groups([name], request_timeout=TIMEOUT)
                group: ConsumerGroupDescription = answer[name].result()
                return group
            except KafkaException as error:
                if error.args[0].code() not in _NEW_BROKER or time.monotonic() > until:
                    raise
                time.sleep(0.2)


class CommittedOffsets:
    """The offsets that the group has committed of a topic; a context manager. It never joins the group."""

    def __init__(self, settings: Settings, topic: str, partitions: Collection[int]) -> None:
        self._group = settings.id
        self._places = [TopicPartition(topic, partition) for partition in partitions]
        self._consumer = Consumer(consumer_config(settings, settings.id))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def look(self) -> dict[int, int]:
        """By partition, the next offset to process; none for a partition of which none was committed.

        Raises NotAllowed, BrokerUnavailable.
        """
        found = committed_offsets(self._consumer, self._group, self._places)
        return {place.partition: place.offset for place in found if place.offset >= 0}
