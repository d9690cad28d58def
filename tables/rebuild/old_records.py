"""Deletes the records of a changelog that no longer count."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from app.engine.rights import NotAllowed, Right, refused
from app.errors import StocksError
from app.kafka.broker import TIMEOUT, Broker

_POLL_SECONDS = 0.2
_DELETE_SECONDS = 15.0

# The broker deletes no records of a topic that is only compacted, and by age it must still delete none.
_DELETABLE = {"cleanup.policy": "compact,delete", "retention.ms": "-1", "retention.bytes": "-1"}
_COMPACTED = {"cleanup.policy": "compact", "retention.ms": None, "retention.bytes": None}


class NotDeleted(StocksError):
    """The broker did not delete older records."""


def delete_older(broker: Broker, topic: str, offsets: Mapping[int, int], seconds: float = _DELETE_SECONDS) -> None:
    """Delete the records of each partition before its offset, trying for so many seconds. Raises NotDeleted."""
    places = [TopicPartition(topic, partition, offset) for partition, offset in offsets.items()]
    try:
        with _deletable(broker, topic):
            _delete(broker, places, time.monotonic() + seconds)
    except KafkaException as error:
        needed = Right("Delete", "topic", topic), Right("AlterConfigs", "topic", topic)
        why = str(NotAllowed(needed)) if refused(error.args[0]) else error.args[0].str()
        raise NotDeleted(
            f"The tables are set back, but the broker does not delete old records of {topic} "
            f"({why}). Workers may start: they read over these records and forget them. "
            "To get their space back, allow the deletion and run this again"
        ) from None


def _delete(broker: Broker, places: list[TopicPartition], deadline: float) -> None:
    while True:
        try:
            for answer in broker.admin.delete_records(places, request_timeout=TIMEOUT).values():
                answer.result()
        except KafkaException as error:
            # Until the partition's leader knows the topic's new configuration.
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
        _configure(broker, topic, _COMPACTED)


def _configure(broker: Broker, topic: str, wanted: Mapping[str, str | None]) -> None:
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
