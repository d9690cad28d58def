"""Where partitions end, and how far a worker's group has committed."""

from collections.abc import Iterable

from confluent_kafka import ConsumerGroupTopicPartitions, IsolationLevel, TopicPartition
from confluent_kafka.admin import OffsetSpec

from app.kafka.broker import TIMEOUT, Broker
from app.kafka.topics import Topic
from tests.bench.reader import Place


def places_of(topics: Iterable[Topic]) -> list[Place]:
    return [(topic.name, partition) for topic in topics for partition in range(topic.partitions)]


def ends_of(broker: Broker, places: Iterable[Place]) -> dict[Place, int]:
    """The offset behind the last committed record or marker of each partition."""
    end = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    wanted = {TopicPartition(*place): end for place in places}
    if not wanted:
        return {}
    answers = broker.admin.list_offsets(wanted, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=TIMEOUT)
    return {(place.topic, place.partition): answer.result().offset for place, answer in answers.items()}


def lag(broker: Broker, group: str, raw: Topic) -> int:
    """Records that the group has not committed: of the bars, and of any other topic that it has committed for."""
    asked = broker.admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)], request_timeout=TIMEOUT)
    committed = dict.fromkeys(places_of([raw]), 0)
    for place in asked[group].result().topic_partitions or []:
        committed[place.topic, place.partition] = max(place.offset, 0)
    ends = ends_of(broker, committed)
    return sum(ends[place] - offset for place, offset in committed.items())
