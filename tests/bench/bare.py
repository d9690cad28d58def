"""What restoring is compared with: bare consumers that read the same changelogs and do nothing with them."""

import asyncio
from collections.abc import Sequence
from time import monotonic
from typing import cast

from aiokafka import AIOKafkaConsumer, TopicPartition
from confluent_kafka import Consumer
from confluent_kafka import TopicPartition as Place

from app.clients import consumer_config, endpoints
from app.settings import Settings
from app.topics import Topic
from tests.bench.measure import PATIENCE_SECONDS

BATCH = 5000


def aiokafka_seconds(settings: Settings, topics: Sequence[Topic]) -> float:
    """Seconds that aiokafka, the client that the worker uses, needs from the assignment to the last record."""
    return asyncio.run(asyncio.wait_for(_aiokafka(settings, topics), PATIENCE_SECONDS))


async def _aiokafka(settings: Settings, topics: Sequence[Topic]) -> float:
    places = [TopicPartition(topic.name, partition) for topic in topics for partition in range(topic.partitions)]
    consumer = AIOKafkaConsumer(bootstrap_servers=endpoints(settings).kafka.split(","), auto_offset_reset="earliest")
    await consumer.start()
    try:
        started = monotonic()
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        while any([await consumer.position(place) < ends[place] for place in places]):
            await consumer.getmany(timeout_ms=500, max_records=BATCH)
        return monotonic() - started
    finally:
        await consumer.stop()


def librdkafka_seconds(settings: Settings, topics: Sequence[Topic]) -> float:
    """Seconds that librdkafka, a client in C with threads of its own, needs for the same."""
    consumer = Consumer(consumer_config(settings, "bare"))
    places = [Place(topic.name, partition) for topic in topics for partition in range(topic.partitions)]
    left = {}
    for place in places:
        low, high = consumer.get_watermark_offsets(place, timeout=10)
        if low < high:
            left[place.topic, place.partition] = high
    started = monotonic()
    consumer.assign([Place(topic, partition, 0) for topic, partition in left])
    while left:
        for message in consumer.consume(BATCH, 0.5):
            read = (cast(str, message.topic()), cast(int, message.partition()))
            if cast(int, message.offset()) + 1 >= left.get(read, 0):
                left.pop(read, None)
    seconds = monotonic() - started
    consumer.close()
    return seconds
