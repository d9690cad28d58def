"""Reading what lies in Kafka, without the system's help."""

from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any, cast

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition
from fastavro import schemaless_reader

import schemas
from app.avro import schema as avro
from app.kafka.clients import consumer_config
from app.settings import Settings

#: The zero and the schema's id before each record.
WIRE_HEADER = 5

TIMEOUT = 10.0

#: By partition, offsets [first, end).
Spans = Mapping[int, tuple[int, int]]

_SCHEMAS = {name: avro.parse(schemas.load(name)) for name in ("bar", "signal")}


def consumer(
    settings: Settings, *, committed: bool = True, group: str = "test-reader", fetch_wait_ms: int = 500
) -> Consumer:
    """A consumer that reports where a partition ends; it sees aborted and open transactions only if asked to.

    It says so when the broker does not know its place, rather than read everything a second time; see `go_back`.
    """
    own = {
        "isolation.level": "read_committed" if committed else "read_uncommitted",
        "enable.partition.eof": True,
        "auto.offset.reset": "error",
        "fetch.wait.max.ms": fetch_wait_ms,
    }
    return Consumer(consumer_config(settings, group) | own)


def go_back(reader: Consumer, message: Message, offset: int) -> bool:
    """Whether this says that a new leader does not know the reader's place yet; then it is at `offset` once more."""
    error = message.error()
    if error is None or error.code() != KafkaError._AUTO_OFFSET_RESET:
        return False
    reader.seek(TopicPartition(cast(str, message.topic()), cast(int, message.partition()), offset))
    return True


def ends(settings: Settings, topic: str, *, committed: bool = True) -> dict[int, tuple[int, int]]:
    """The offsets that each partition has now; where it ends for readers of committed records, or for all."""
    reader = consumer(settings, committed=committed)
    try:
        return {
            partition: reader.get_watermark_offsets(TopicPartition(topic, partition), timeout=TIMEOUT)
            for partition in range(settings.partitions)
        }
    finally:
        reader.close()


def read(settings: Settings, topic: str, spans: Spans, *, committed: bool = True) -> Iterator[Message]:
    """The records in the spans of a topic, those of one partition in order.

    Markers of transactions take offsets and are no records, so a span ends where the partition says that it has ended.
    """
    left = {partition: end for partition, (first, end) in spans.items() if first < end}
    due = {partition: first for partition, (first, _) in spans.items()}
    reader = consumer(settings, committed=committed)
    try:
        reader.assign([TopicPartition(topic, partition, spans[partition][0]) for partition in left])
        while left:
            for message in reader.consume(10_000, 0.2):
                partition, offset = cast(int, message.partition()), cast(int, message.offset())
                if go_back(reader, message, due[partition]):
                    continue
                error = message.error()
                assert error is None or error.code() == KafkaError._PARTITION_EOF, error
                if partition not in left:
                    continue
                if error is None and offset < left[partition]:
                    due[partition] = offset + 1
                    yield message
                if offset + (error is None) >= left[partition]:
                    del left[partition]
    finally:
        reader.close()


def read_all(settings: Settings, topic: str, *, committed: bool = True) -> list[Message]:
    """All records of a topic up to its end as it stands now."""
    return list(read(settings, topic, ends(settings, topic, committed=committed), committed=committed))


def decoded(schema: str, message: Message) -> dict[str, Any]:
    """A record that was written with the newest schema, as all here are."""
    value = cast(bytes, message.value())
    return cast(dict[str, Any], schemaless_reader(BytesIO(value[WIRE_HEADER:]), _SCHEMAS[schema], None))
