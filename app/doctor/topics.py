"""Whether the topics are there, and are as the system needs them."""

from collections.abc import Iterable, Iterator

from confluent_kafka.admin import TopicDescription

from app.doctor.finding import Finding
from app.kafka.broker import Broker
from app.kafka.topic_admin import PartitionsDiffer, check_partitions, config_drift, describe
from app.kafka.topics import Topic, topics
from app.settings import Settings


def check_topics(settings: Settings, broker: Broker) -> Iterator[Finding]:
    """Existence, partitions, replication, configuration; raises BrokerUnavailable."""
    all_topics = list(topics(settings))
    there = describe(broker, [topic.name for topic in all_topics])
    existing = [topic for topic in all_topics if topic.name in there]
    findings = [
        *_missing(all_topics, there),
        *_partitions(existing, there),
        *_replication(there, settings.replication_factor),
        *_configs(broker, existing),
    ]
    yield from findings
    if not findings:
        yield Finding("ok", "topics", f"all {len(all_topics)} there, with {settings.partitions} partitions each")


def _missing(all_topics: Iterable[Topic], there: dict[str, TopicDescription]) -> Iterator[Finding]:
    missing = [topic.name for topic in all_topics if topic.name not in there]
    if missing:
        fix = "`stocks topics create`, or start the worker; if they have other names, check TOPIC_PREFIX and APP_ID"
        yield Finding("broken", "topics", f"missing: {', '.join(missing)}", fix)


def _partitions(existing: list[Topic], there: dict[str, TopicDescription]) -> Iterator[Finding]:
    try:
        check_partitions(existing, there)
    except PartitionsDiffer as error:
        message, _, fix = str(error).rpartition("\n")
        yield Finding("broken", "topics", message, fix)
    for name, description in there.items():
        dead = [str(partition.id) for partition in description.partitions if partition.leader is None]
        if dead:
            yield Finding("broken", "topics", f"{name}[{', '.join(dead)}] has no leader", "look at the brokers' logs")


def _replication(there: dict[str, TopicDescription], wanted: int) -> Iterator[Finding]:
    for name, description in there.items():
        fewest = min((len(partition.replicas) for partition in description.partitions), default=wanted)
        if fewest < wanted:
            message = f"{name} has {fewest} replicas, REPLICATION_FACTOR is {wanted}"
            yield Finding("warning", "topics", message, "reassign its partitions with kafka-reassign-partitions")


def _configs(broker: Broker, existing: list[Topic]) -> Iterator[Finding]:
    for name, differing in config_drift(broker, existing).items():
        message = ", ".join(f"{key} is {found}, not {wanted}" for key, (found, wanted) in differing.items())
        changes = ",".join(f"{key}={wanted}" for key, (_, wanted) in differing.items())
        fix = f"kafka-configs --alter --entity-type topics --entity-name {name} --add-config {changes}"
        yield Finding("warning", "topics", f"{name}: {message}", fix)
