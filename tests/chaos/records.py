"""Reading what lies in Kafka, without the system's help."""

from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any, cast

from confluent_kafka import Consumer, Message, TopicPartition
from fastavro import schemaless_reader

import schemas
from app import avro
from app.clients import consumer_config
from app.settings import Settings

#: The zero and the schema's id before each record.
WIRE_HEADER = 5

_SCHEMAS = {name: avro.parse(schemas.load(name)) for name in ("bar", "indicators", "signal")}


def read(settings: Settings, topic: str, spans: Mapping[int, tuple[int, int]]) -> Iterator[Message]:
    """The records of the offsets [first, end) of each partition, those of one partition in order."""
    left = {partition: span for partition, span in spans.items() if span[0] < span[1]}
    consumer = Consumer(consumer_config(settings, "chaos-reader"))
    try:
        consumer.assign([TopicPartition(topic, partition, first) for partition, (first, _) in left.items()])
        while left:
            for message in consumer.consume(10_000, 0.2):
                assert message.error() is None, message.error()
                if cast(int, message.offset()) < spans[cast(int, message.partition())][1]:
                    yield message
            for place in consumer.position([TopicPartition(topic, partition) for partition in left]):
                if place.offset >= left[place.partition][1]:
                    del left[place.partition]
    finally:
        consumer.close()


def decoded(schema: str, message: Message) -> dict[str, Any]:
    """A record that was written with the newest schema, as all here are."""
    value = cast(bytes, message.value())
    return cast(dict[str, Any], schemaless_reader(BytesIO(value[WIRE_HEADER:]), _SCHEMAS[schema], None))
