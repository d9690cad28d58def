"""Asks the broker what a rebuild would have to do."""

from confluent_kafka import TopicPartition
from confluent_kafka.admin import OffsetSpec

from app.errors import StocksError
from app.kafka.broker import Broker
from app.kafka.offsets import listed_offsets
from app.kafka.topic_admin import TopicMissing, check_partitions, describe
from app.kafka.topics import topics
from app.kafka.worker_group import describe_group
from app.settings import Settings
from tables.rebuild.plan import PartitionPlan, RebuildPlan


class WorkersRunning(StocksError):
    """Workers are running, so their tables cannot be set back."""


def refuse_workers(settings: Settings, broker: Broker) -> None:
    """Raise WorkersRunning unless the group is empty."""
    # To set the group's offsets back takes more than to look at it.
    members = describe_group(broker, settings.id, "Read").members
    if members:
        hosts = ", ".join(sorted({str(member.host) for member in members}))
        raise WorkersRunning(
            f"Workers are running in group {settings.id}: {len(members)} (on {hosts}). Stop them all first; "
            f"one that was killed counts for SESSION_SECONDS={settings.session_seconds:g} s more"
        )


def make_plan(settings: Settings, broker: Broker) -> RebuildPlan:
    """Make the plan from the present state of the topics.

    Raises WorkersRunning, TopicMissing, PartitionsDiffer, BrokerUnavailable.
    """
    refuse_workers(settings, broker)
    all_topics = topics(settings)
    raw, changelog = all_topics.raw, all_topics.windows_changelog
    there = describe(broker, [raw.name, changelog.name])
    for topic in (raw, changelog):
        if topic.name not in there:
            raise TopicMissing(
                f"There is no topic {topic.name}, so there is nothing to set back: workers make it when they start. "
                "If it has another name, check TOPIC_PREFIX and APP_ID"
            )
    check_partitions([raw, changelog], there)
    places = [TopicPartition(raw.name, partition) for partition in range(raw.partitions)]
    starts = listed_offsets(broker, places, OffsetSpec.earliest())  # type: ignore[no-untyped-call]
    firsts = listed_offsets(broker, places, OffsetSpec.for_timestamp(0))
    ends = listed_offsets(broker, places, OffsetSpec.latest())  # type: ignore[no-untyped-call]
    return RebuildPlan(
        raw.name,
        changelog.name,
        [
            PartitionPlan(
                partition,
                starts[partition].offset,
                firsts[partition].timestamp if firsts[partition].offset >= 0 else None,
                ends[partition].offset,
            )
            for partition in range(raw.partitions)
        ],
    )
