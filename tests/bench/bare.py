"""What restoring is compared with: bare consumers of committed records that read the same changelogs."""

import asyncio
from collections.abc import Iterable
from contextlib import closing
from time import monotonic

from aiokafka import AIOKafkaConsumer, TopicPartition

from app.kafka.clients import endpoints
from app.settings import Settings
from tests.bench.reader import BATCH, PATIENCE_SECONDS, Place, bulk_consumer, read_to_end


def aiokafka_seconds(settings: Settings, places: Iterable[Place]) -> float:
    """Seconds that aiokafka, the client of Faust, needs from the assignment to the last record."""
    return asyncio.run(asyncio.wait_for(_aiokafka(settings, places), PATIENCE_SECONDS))


async def _aiokafka(settings: Settings, places: Iterable[Place]) -> float:
    partitions = [TopicPartition(*place) for place in places]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=endpoints(settings).kafka.split(","),
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    await consumer.start()
    try:
        started = monotonic()
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        while any([await consumer.position(partition) < ends[partition] for partition in partitions]):
            await consumer.getmany(timeout_ms=500, max_records=BATCH)
        return monotonic() - started
    finally:
        await consumer.stop()


def librdkafka_seconds(settings: Settings, places: Iterable[Place]) -> tuple[float, int]:
    """Seconds that librdkafka, a client in C with threads of its own, needs for the same; and how many records."""
    with closing(bulk_consumer(settings)) as consumer:
        started = monotonic()
        records = sum(1 for _ in read_to_end(consumer, dict.fromkeys(places, 0)))
        return monotonic() - started, records
