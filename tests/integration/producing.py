"""Running the producer's commands, and reading what arrived."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition

from app.avro.serde import Decoder
from app.kafka.clients import consumer_config, registry
from app.kafka.topics import Topic, topics
from app.settings import Settings

STOCKS = Path(sys.executable).with_name("stocks")


class Arrived(NamedTuple):
    """A record on the topic of bars."""

    partition: int
    key: bytes | None
    time_ms: int
    bar: dict[str, Any]


def environment(settings: Settings, **more: str) -> dict[str, str]:
    """For a child that is to work with the same cluster and topics."""
    return {
        **os.environ,
        "KAFKA_BOOTSTRAP": settings.kafka_bootstrap or "",
        "SCHEMA_REGISTRY_URL": settings.schema_registry_url or "",
        "TOPIC_PREFIX": settings.topic_prefix,
        "PARTITIONS": str(settings.partitions),
        **more,
    }


def popen(arguments: list[str], env: Mapping[str, str]) -> subprocess.Popen[str]:
    """`stocks …` with its output in pipes."""
    return subprocess.Popen(
        [str(STOCKS), *arguments], env=dict(env), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def count(settings: Settings) -> int:
    """How many records are on the topic of bars, which must exist."""
    consumer = Consumer(consumer_config(settings, "test-reader"))
    try:
        return sum(_ends(consumer, topics(settings).raw).values())
    finally:
        consumer.close()


def arrived(settings: Settings) -> list[Arrived]:
    """All records on the topic of bars, partition by partition."""
    topic = topics(settings).raw
    messages: list[Message] = []
    consumer = Consumer(consumer_config(settings, "test-reader"))
    try:
        ends = _ends(consumer, topic)
        left = sum(ends.values())
        consumer.assign([TopicPartition(topic.name, number, OFFSET_BEGINNING) for number in ends])
        while left > len(messages):
            batch = consumer.consume(left - len(messages), timeout=10)
            assert batch, f"{len(messages)} of {left} records read"
            assert not [message.error() for message in batch if message.error()]
            messages += batch
    finally:
        consumer.close()
    decoder = Decoder(registry(settings), "bar")
    asyncio.run(decoder.prepare([message.value() for message in messages]))
    return [
        Arrived(message.partition() or 0, message.key(), message.timestamp()[1], decoder.decode(message.value()))
        for message in sorted(messages, key=lambda message: (message.partition(), message.offset()))
    ]


def _ends(consumer: Consumer, topic: Topic) -> dict[int, int]:
    return {
        number: consumer.get_watermark_offsets(TopicPartition(topic.name, number), timeout=10)[1]
        for number in range(topic.partitions)
    }
