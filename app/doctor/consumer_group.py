"""Whether workers are reading, and how far behind they are."""

from collections.abc import Iterator

from confluent_kafka import (
    ConsumerGroupState,
    ConsumerGroupTopicPartitions,
    IsolationLevel,
    TopicPartition,
)
from confluent_kafka.admin import OffsetSpec

from app.doctor.finding import Finding
from app.engine.rights import Right
from app.kafka.broker import TIMEOUT, Broker
from app.kafka.offsets import listed_offsets
from app.kafka.topic_admin import describe
from app.kafka.topics import topics
from app.kafka.worker_group import describe_group
from app.settings import Settings


def check_group(settings: Settings, broker: Broker) -> Iterator[Finding]:
    """The consumer group's state, and its lag on each input topic; raises BrokerUnavailable."""
    group = describe_group(broker, settings.id)
    members = len(group.members)
    if group.state == ConsumerGroupState.STABLE:
        yield Finding("ok", "workers", f"{members} in group {settings.id}")
    elif members:
        state = group.state.name.lower().replace("_", " ")
        yield Finding("warning", "workers", f"group {settings.id}: {state}, {members} members", "wait, and look again")
    else:
        yield Finding("warning", "workers", f"none is reading as group {settings.id}", "`make worker`")
    all_topics = topics(settings)
    for name, description in describe(broker, [all_topics.raw.name]).items():
        partitions = [TopicPartition(name, partition.id) for partition in description.partitions]
        lag = _lag(broker, settings.id, partitions)
        message = f"{lag:,} records behind on {name}"
        if lag and not members:
            yield Finding("warning", "lag", message, "`make worker`")
        else:
            yield Finding("ok", "lag", message)


def _lag(broker: Broker, group: str, partitions: list[TopicPartition]) -> int:
    with broker.explaining(Right("Describe", "group", group)):
        request = [ConsumerGroupTopicPartitions(group, partitions)]
        answer = broker.admin.list_consumer_group_offsets(request, request_timeout=TIMEOUT)
        committed = answer[group].result().topic_partitions
    reading = IsolationLevel.READ_COMMITTED
    ends = listed_offsets(broker, partitions, OffsetSpec.latest(), reading)  # type: ignore[no-untyped-call]
    starts = listed_offsets(broker, partitions, OffsetSpec.earliest(), reading)  # type: ignore[no-untyped-call]
    return sum(
        max(0, ends[place.partition].offset - max(place.offset, starts[place.partition].offset)) for place in committed
    )
