"""Delivery against a broker that hangs: what it wrote has no holes."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
from confluent_kafka import KafkaException

from app.clients import producer_config
from app.engine.delivery import Delivery, NotDelivered, Outgoing
from app.topic_admin import ensure_topics
from app.topics import Topic
from tests.integration.deployment import Deployment
from tests.integration.fixtures_stack import MakeStack

RECORDS = 20_000
QUEUE = {"queue.buffering.max.messages": 1_000, "batch.num.messages": 100, "linger.ms": 0}


async def test_a_broker_that_hangs_leaves_no_hole(make_stack: MakeStack, tmp_path: Path) -> None:
    # The second agent takes what comes behind a hole and then has no use for what
    # would fill it: so each group's part in the topic must be its beginning.
    stack = make_stack()
    deployment = Deployment(stack.status.kafka, stack.status.schema_registry, tmp_path, "hang", partitions=1)
    broker = psutil.Process(stack.status.kafka_pid)
    try:
        ensure_topics(deployment.settings)
        topic = deployment.topics.dead_letters
        delivery = deployment_delivery(deployment)
        records = [Outgoing(topic.name, b"key", b"%d" % number, 0) for number in range(RECORDS)]
        hung = asyncio.Event()

        def hang() -> bool:
            if not hung.is_set() and has_records(deployment, topic):
                broker.suspend()
                hung.set()
            return True

        sending = asyncio.create_task(until_sent(delivery, records, hang))
        hanging = asyncio.create_task(hung.wait())
        await asyncio.wait({sending, hanging}, timeout=60, return_when=asyncio.FIRST_COMPLETED)
        assert hung.is_set(), f"all was sent before the broker hung: {sending}"
        # Longer than the delivery is patient.
        await asyncio.sleep(5)
        broker.resume()
        failures = await asyncio.wait_for(sending, 60)
        assert failures > 0
        values = [int(message.value() or b"") for message in deployment.messages(topic)]
        assert first_seen_order(values) == list(range(RECORDS))
    finally:
        broker.resume()
        deployment.close()


def has_records(deployment: Deployment, topic: Topic) -> bool:
    try:
        return deployment.count(topic) > 0
    except KafkaException:  # A partition made just now may have no leader yet.
        return False


async def until_sent(delivery: Delivery, records: Sequence[Outgoing], wanted: Callable[[], bool]) -> int:
    """Send as the worker does, again and again; returns how often it failed."""
    failures = 0
    while True:
        try:
            await delivery.send(records, wanted)
            return failures
        except NotDelivered:
            failures += 1


def deployment_delivery(deployment: Deployment) -> Delivery:
    return Delivery(producer_config(deployment.settings) | QUEUE, patience=2)


def first_seen_order(values: Sequence[int]) -> list[int]:
    return list(dict.fromkeys(values))
