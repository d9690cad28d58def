"""Creates the topics, and checks that they are as the system needs them."""

import logging
import time
from collections.abc import Iterable, Mapping

from confluent_kafka import KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import ConfigResource, NewTopic, OffsetSpec, ResourceType, TopicDescription

from app.engine.rights import NotAllowed, Right, refused
from app.errors import StocksError
from app.kafka.broker import TIMEOUT, Broker
from app.kafka.offsets import listed_offsets
from app.kafka.topics import Topic, topics
from app.settings import Settings

log = logging.getLogger(__name__)

# Managed clusters set bounds on the other ones, which are for speed only.
_ESSENTIAL = frozenset({"cleanup.policy", "retention.ms"})


class TopicMissing(StocksError):
    """Topics are not there, and may not or could not be created."""


class CreationRefused(NotAllowed):
    """Topics are not there, and these credentials may not create them."""

    def __init__(self, missing: Iterable[Right]) -> None:
        super().__init__(missing, "Topics are missing, and Kafka refuses to create them")


class PartitionsDiffer(StocksError):
    """Topics have another number of partitions than the settings ask for."""


class TopicReplaced(StocksError):
    """Topics were deleted, or deleted and made again, under a running worker."""


def ensure_topics(settings: Settings, *, timeout: float = 30.0) -> dict[str, str]:
    """Create the topics that are missing, check all, and return each one's id by name.

    Blocks until every partition has a leader that answers, `timeout` seconds at most. Doing
    it again, or two workers at once, changes nothing. With TOPIC_ALLOW_DECLARE=false it only checks.
    Raises TopicMissing, PartitionsDiffer, BrokerUnavailable, ClusterMissing.
    """
    broker = Broker(settings)
    all_topics = list(topics(settings))
    there = describe(broker, [topic.name for topic in all_topics])
    # Before any is created: with a wrong PARTITIONS some would have one count and some another.
    check_partitions([topic for topic in all_topics if topic.name in there], there)
    missing = [topic for topic in all_topics if topic.name not in there]
    if missing and not settings.topic_allow_declare:
        names = "\n".join(f"  - {topic.name} with {topic.partitions} partitions" for topic in missing)
        raise TopicMissing(f"Topics are missing and TOPIC_ALLOW_DECLARE is false, so create them first:\n{names}")
    if missing:
        create(broker, missing, settings.replication_factor)
        there = _wait_until_there(broker, all_topics, timeout)
        # A broker shows itself as the leader of a new partition before it answers as one.
        for topic in missing:
            places = [TopicPartition(topic.name, partition) for partition in range(topic.partitions)]
            listed_offsets(broker, places, OffsetSpec.latest())  # type: ignore[no-untyped-call]
    check_partitions(all_topics, there)
    return {name: _id(description) for name, description in there.items()}


def check_unchanged(broker: Broker, settings: Settings, ids: Mapping[str, str]) -> None:
    """Check that the topics are still those whose ids `ensure_topics` returned.

    Raises TopicReplaced, PartitionsDiffer, BrokerUnavailable.
    """
    there = describe(broker, list(ids))
    check_partitions(topics(settings), there)
    gone = [name for name in ids if name not in there]
    remade = [name for name in ids if name in there and _id(there[name]) != ids[name]]
    if gone or remade:
        lines = [f"  - {name}: deleted" for name in gone] + [f"  - {name}: deleted and made again" for name in remade]
        raise TopicReplaced(
            "\n".join(["Topics have changed under this worker:", *lines])
            + "\nStart it again: it makes those that are missing, and reads new ones from their beginning"
        )


def _id(description: TopicDescription) -> str:
    # As Kafka's own tools write it; the library uses the other base64 alphabet.
    return str(description.topic_id).replace("+", "-").replace("/", "_")


def describe(broker: Broker, names: list[str]) -> dict[str, TopicDescription]:
    """Those of the topics that exist; raises NotAllowed, BrokerUnavailable."""
    found, hidden = _look(broker, names)
    if hidden:
        raise NotAllowed(Right("Describe", "topic", name) for name in hidden)
    return found


def require_rights(broker: Broker, rights: Iterable[Right]) -> None:
    """See that the credentials have those of these rights that are on topics, as far as the topics exist.

    Raises NotAllowed that names all that are missing, BrokerUnavailable.
    """
    wanted = [right for right in rights if right.resource == "topic"]
    found, hidden = _look(broker, list(dict.fromkeys(right.name for right in wanted)))
    allowed = {name: _operations(description) for name, description in found.items()}
    missing = [
        right
        for right in wanted
        if right.name in hidden or (allowed.get(right.name) and right.operation not in allowed[right.name])
    ]
    if missing:
        raise NotAllowed(missing)


def _look(broker: Broker, names: list[str]) -> tuple[dict[str, TopicDescription], list[str]]:
    """Those of the topics that exist, and those of which these credentials may not even see whether they do."""
    found, hidden = {}, []
    with broker.explaining():
        answers = broker.admin.describe_topics(
            TopicCollection(names), include_authorized_operations=True, request_timeout=TIMEOUT
        )
        for name, answer in answers.items():
            try:
                found[name] = answer.result()
            except KafkaException as error:
                if refused(error.args[0]):
                    hidden.append(name)
                elif error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise
    return found, hidden


def _operations(description: TopicDescription) -> frozenset[str]:
    """What may be done with a topic; nothing where the broker does not say."""
    known = (operation.name.title().replace("_", "") for operation in description.authorized_operations or ())
    return frozenset(known)


def check_partitions(all_topics: Iterable[Topic], there: dict[str, TopicDescription]) -> None:
    """Raise PartitionsDiffer, which names every topic that has another number of partitions."""
    differing = {
        topic.name: (len(there[topic.name].partitions), topic.partitions)
        for topic in all_topics
        if topic.name in there and len(there[topic.name].partitions) != topic.partitions
    }
    if differing:
        lines = [f"  - {name}: found {found}, wanted {wanted}" for name, (found, wanted) in differing.items()]
        counts = sorted({found for found, _ in differing.values()})
        fix = f"set PARTITIONS={counts[0]}, or " if len(counts) == 1 else ""
        raise PartitionsDiffer(
            "\n".join(["Topics have another number of partitions:", *lines])
            + f"\nSymbols would move between workers, so {fix}delete these topics, or choose another TOPIC_PREFIX"
        )


def config_drift(broker: Broker, all_topics: Iterable[Topic]) -> dict[str, dict[str, tuple[str, str]]]:
    """By topic and setting, (found, wanted) where they differ; the topics must exist. Raises BrokerUnavailable."""
    wanted = {topic.name: topic.config for topic in all_topics}
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in wanted]
    drift: dict[str, dict[str, tuple[str, str]]] = {}
    if not resources:
        return drift
    with broker.explaining(*(Right("DescribeConfigs", "topic", name) for name in wanted)):
        for resource, answer in broker.admin.describe_configs(resources, request_timeout=TIMEOUT).items():
            found = answer.result()
            differing = {
                key: (str(found[key].value), value)
                for key, value in wanted[resource.name].items()
                if key in found and found[key].value != value
            }
            if differing:
                drift[resource.name] = differing
    return drift


def create(broker: Broker, missing: list[Topic], replication_factor: int) -> None:
    """Create topics with their configurations; one that another worker has just created is fine.

    Where the broker objects to a configuration, the topic gets the essential part of it (a warning says so;
    `config_drift` shows the rest). Raises TopicMissing that says what the broker objects to.
    """
    objections = _request(broker, [_new_topic(topic, topic.config, replication_factor) for topic in missing])
    bounded = [topic for topic in missing if topic.name in objections and _about_config(objections[topic.name])]
    for topic in bounded:
        log.warning("%s is created without its tuning: %s", topic.name, objections.pop(topic.name).str())
    objections |= _request(broker, [_new_topic(topic, _essential(topic), replication_factor) for topic in bounded])
    if objections:
        if all(refused(error) for error in objections.values()):
            raise CreationRefused(Right("Create", "topic", name) for name in objections)
        lines = [f"  - {name}: {error.str().rstrip('.')}{_fix(error)}" for name, error in objections.items()]
        raise TopicMissing("\n".join(["The broker does not create these topics:", *lines]))


def _new_topic(topic: Topic, config: Mapping[str, str], replication_factor: int) -> NewTopic:
    return NewTopic(
        topic.name, num_partitions=topic.partitions, replication_factor=replication_factor, config=dict(config)
    )


def _essential(topic: Topic) -> dict[str, str]:
    return {key: value for key, value in topic.config.items() if key in _ESSENTIAL}


def _request(broker: Broker, wanted: list[NewTopic]) -> dict[str, KafkaError]:
    """What the broker objects to, by topic."""
    objections: dict[str, KafkaError] = {}
    if not wanted:
        return objections
    for name, answer in broker.admin.create_topics(wanted, operation_timeout=TIMEOUT, request_timeout=TIMEOUT).items():
        try:
            answer.result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                objections[name] = error.args[0]
    return objections


def _about_config(error: KafkaError) -> bool:
    return error.code() in (KafkaError.INVALID_CONFIG, KafkaError.POLICY_VIOLATION)


def _fix(error: KafkaError) -> str:
    if error.code() == KafkaError.INVALID_REPLICATION_FACTOR:
        return ". Set REPLICATION_FACTOR to what the cluster has brokers for (3 on Confluent Cloud)"
    return ""


def _wait_until_there(broker: Broker, all_topics: list[Topic], timeout: float) -> dict[str, TopicDescription]:
    deadline = time.monotonic() + timeout
    while True:
        there = describe(broker, [topic.name for topic in all_topics])
        waiting = [topic.name for topic in all_topics if not _has_leaders(there.get(topic.name))]
        if not waiting:
            return there
        if time.monotonic() > deadline:
            raise TopicMissing(
                f"Created but not ready after {timeout:g} s: {', '.join(waiting)}. Check the broker's log"
            )
        broker.admin.poll(0.05)


def _has_leaders(description: TopicDescription | None) -> bool:
    return description is not None and all(partition.leader is not None for partition in description.partitions)
