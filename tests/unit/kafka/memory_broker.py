"""A cluster in memory, as seen by an admin client: topics, their configurations and offsets, and one group."""

from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from confluent_kafka import (
    ConsumerGroupState,
    ConsumerGroupTopicPartitions,
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import ConfigResource, OffsetSpec, ResourceType

from app.kafka.broker import BrokerUnavailable
from app.kafka.topics import Topics


@dataclass
class MemoryTopic:
    """Partitions by their first offset and the end; `leaderless` are the partitions that nobody leads."""

    extents: list[tuple[int, int]]
    config: dict[str, str] = field(default_factory=dict)
    replicas: int = 1
    leaderless: frozenset[int] = frozenset()


def answered(result: Any) -> Future[Any]:
    """What an admin client gives for each part of a question."""
    answer: Future[Any] = Future()
    if isinstance(result, Exception):
        answer.set_exception(result)
    else:
        answer.set_result(result)
    return answer


def refused(code: int) -> KafkaException:
    return KafkaException(KafkaError(code))


class MemoryBroker:
    """Stands for app.kafka.broker.Broker, and is its own admin client."""

    def __init__(self, all_topics: Topics | None = None) -> None:
        self.admin = self
        self.brokers = 1
        self.topics = {
            topic.name: MemoryTopic([(0, 0)] * topic.partitions, dict(topic.config)) for topic in all_topics or ()
        }
        self.members: list[str] = []
        self.group_state = ConsumerGroupState.EMPTY
        #: Up to where readers of committed records get, where that is before the end, by topic and partition.
        self.stable: dict[tuple[str, int], int] = {}
        #: What the group has committed, by topic and partition.
        self.committed: dict[tuple[str, int], int] = {}
        #: Code of the error with which all questions are answered from now on.
        self.refuses: int | None = None
        #: Settings of each broker.
        self.settings: dict[str, str] = {}

    def poll(self, _: float) -> None:
        pass

    def metadata(self) -> Any:
        return SimpleNamespace(cluster_id="in-memory", brokers=dict.fromkeys(range(1, self.brokers + 1)))

    @contextmanager
    def explaining(self, *_: object) -> Iterator[None]:
        try:
            yield
        except KafkaException as error:
            raise BrokerUnavailable(f"No broker answers ({error.args[0].str()}): check that it runs") from None

    def describe_topics(self, names: TopicCollection, **_: Any) -> dict[str, Future[Any]]:
        return {name: self._answer(self._described(name)) for name in names.topic_names}

    def describe_configs(self, resources: list[ConfigResource], **_: Any) -> dict[ConfigResource, Future[Any]]:
        return {resource: self._answer(self._config(resource)) for resource in resources}

    def describe_consumer_groups(self, names: list[str], **_: Any) -> dict[str, Future[Any]]:
        members = [SimpleNamespace(host=host) for host in self.members]
        found = SimpleNamespace(state=self.group_state, members=members)
        return {name: self._answer(found) for name in names}

    def list_consumer_group_offsets(
        self, asked: list[ConsumerGroupTopicPartitions], **_: Any
    ) -> dict[str, Future[Any]]:
        [request] = asked
        places = [
            TopicPartition(place.topic, place.partition, self.committed.get((place.topic, place.partition), -1001))
            for place in request.topic_partitions or ()
        ]
        return {request.group_id: self._answer(SimpleNamespace(topic_partitions=places))}

    def list_offsets(
        self,
        asked: Mapping[TopicPartition, OffsetSpec],
        isolation_level: IsolationLevel = IsolationLevel.READ_UNCOMMITTED,
        **_: Any,
    ) -> dict[TopicPartition, Future[Any]]:
        is_committed = isolation_level is IsolationLevel.READ_COMMITTED
        return {place: self._answer(self._offset(place, spec, is_committed)) for place, spec in asked.items()}

    def _answer(self, result: Any) -> Future[Any]:
        return answered(result if self.refuses is None else refused(self.refuses))

    def _described(self, name: str) -> Any:
        topic = self.topics.get(name)
        if topic is None:
            return refused(KafkaError.UNKNOWN_TOPIC_OR_PART)
        partitions = [
            SimpleNamespace(id=number, leader=None if number in topic.leaderless else 1, replicas=[1] * topic.replicas)
            for number in range(len(topic.extents))
        ]
        return SimpleNamespace(partitions=partitions, topic_id=f"id-of-{name}")

    def _config(self, resource: ConfigResource) -> Any:
        if resource.restype == ResourceType.BROKER:
            return _entries(self.settings)
        topic = self.topics.get(resource.name)
        return refused(KafkaError.UNKNOWN_TOPIC_OR_PART) if topic is None else _entries(topic.config)

    def _offset(self, place: TopicPartition, spec: OffsetSpec, is_committed: bool) -> Any:
        first, end = self.topics[place.topic].extents[place.partition]
        end = self.stable.get((place.topic, place.partition), end) if is_committed else end
        if spec is OffsetSpec.latest():  # type: ignore[no-untyped-call]
            return SimpleNamespace(offset=end, timestamp=-1)
        if spec is OffsetSpec.earliest():  # type: ignore[no-untyped-call]
            return SimpleNamespace(offset=first, timestamp=-1)
        # For a time: the first record, which was sent at 1,000 ms.
        return SimpleNamespace(offset=first if first < end else -1, timestamp=1000)


def _entries(config: Mapping[str, str]) -> dict[str, Any]:
    return {name: SimpleNamespace(value=value) for name, value in config.items()}
