"""Writing to a changelog from outside of a worker, and deleting what is older than that."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from confluent_kafka import KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from app.broker import TIMEOUT, Broker
from app.clients import producer_config
from app.errors import StocksError
from app.settings import Settings

_POLL_SECONDS = 0.2
_DELETE_SECONDS = 15.0

# The broker deletes no records of a topic that is only compacted, and by age it must still delete none.
_DELETABLE = {"cleanup.policy": "compact,delete", "retention.ms": "-1", "retention.bytes": "-1"}


class NotWritten(StocksError):
    """The broker did not take every record."""


class NotDeleted(StocksError):
    """The broker did not delete older records."""


class ChangelogWriter:
    """Writes to one changelog; knows where it began to and where it ended."""

    def __init__(self, settings: Settings, topic: str) -> None:
        self._topic = topic
        self._producer = Producer(producer_config(settings) | {"on_delivery": self._report})
        self._error: KafkaError | None = None
        self._starts: dict[int, int] = {}
        #: By partition the offset behind the last record written.
        self.ends: dict[int, int] = {}

    def write(self, records: Iterable[tuple[int, bytes, bytes]]) -> None:
        """Write values by partition and key, and wait until the broker has all of them. Raises NotWritten."""
        for partition, key, value in records:
            self._produce(partition, key, value)
        while self._producer.flush(_POLL_SECONDS):
            pass
        if self._error is not None:
            raise NotWritten(f"{self._topic} could not be written ({self._error.str()}): run this again")

    def _produce(self, partition: int, key: bytes, value: bytes) -> None:
        while True:
            try:
                self._producer.produce(self._topic, value, key, partition)
            except BufferError:
                self._producer.poll(_POLL_SECONDS)
            else:
                return

    def _report(self, error: KafkaError | None, message: Message) -> None:
        partition, offset = message.partition(), message.offset()
        if error is not None or partition is None or offset is None:
            self._error = error
            return
        self._starts[partition] = min(offset, self._starts.get(partition, offset))
        self.ends[partition] = max(offset + 1, self.ends.get(partition, 0))

    def delete_older(self, broker: Broker) -> None:
        """Delete what stands before the first record written to each partition. Raises NotDeleted."""
        places = [TopicPartition(self._topic, partition, offset) for partition, offset in self._starts.items()]
        try:
            with _deletable(broker, self._topic):
                _delete(broker, places)
        except KafkaException as error:
            raise NotDeleted(
                f"The tables are set back, but the broker does not delete old records of {self._topic} "
                f"({error.args[0].str()}). Workers may start; if one ends with a value that cannot be read, "
                "wait until compaction has removed it, about two hours, or allow the deletion and run this again"
            ) from None


def _delete(broker: Broker, places: list[TopicPartition]) -> None:
    deadline = time.monotonic() + _DELETE_SECONDS
    while True:
        try:
            for answer in broker.admin.delete_records(places, request_timeout=TIMEOUT).values():
                answer.result()
        except KafkaException as error:
            # Until the partition's leader has heard of the topic's new configuration.
            if error.args[0].code() != KafkaError.POLICY_VIOLATION or time.monotonic() > deadline:
                raise
            broker.admin.poll(_POLL_SECONDS)
        else:
            return


@contextmanager
def _deletable(broker: Broker, topic: str) -> Iterator[None]:
    _configure(broker, topic, _DELETABLE)
    try:
        yield
    finally:
        _configure(broker, topic, {"cleanup.policy": "compact", "retention.ms": None, "retention.bytes": None})


def _configure(broker: Broker, topic: str, wanted: dict[str, str] | dict[str, str | None]) -> None:
    entries = [
        ConfigEntry(
            name,
            value,
            incremental_operation=AlterConfigOpType.DELETE if value is None else AlterConfigOpType.SET,
        )
        for name, value in wanted.items()
    ]
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=entries)
    for answer in broker.admin.incremental_alter_configs([resource], request_timeout=TIMEOUT).values():
        answer.result()
