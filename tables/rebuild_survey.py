"""Looks at the broker for what a rebuild would have to do."""

from collections.abc import Callable

from app.engine.progress import PROGRESS_KEY, decode_progress
from confluent_kafka import TopicPartition
from confluent_kafka.admin import ListOffsetsResultInfo, OffsetSpec

from app.broker import TIMEOUT, Broker
from app.errors import StocksError
from app.settings import Settings
from app.topic_reader import TopicReader
from app.topics import Topic, topics
from tables.rebuild_plan import Changelog, Part, Plan
from tables.signals_value import decode_history
from tables.window_value import decode_window


class WorkersRunning(StocksError):
    """Tables belong to the workers while there are any."""


def refuse_workers(settings: Settings, broker: Broker) -> None:
    """Raise WorkersRunning unless the group is empty."""
    with broker.explaining():
        answer = broker.admin.describe_consumer_groups([settings.id], request_timeout=TIMEOUT)
        members = answer[settings.id].result().members
    if members:
        hosts = ", ".join(sorted({str(member.host) for member in members}))
        raise WorkersRunning(
            f"Workers are running in group {settings.id}: {len(members)} (on {hosts}). Stop them all first; "
            f"one that was killed counts for SESSION_SECONDS={settings.session_seconds:g} s more"
        )


def survey(settings: Settings, broker: Broker) -> Plan:
    """The plan as things stand now; reads both changelogs. Raises WorkersRunning, TopicMissing, BrokerUnavailable."""
    refuse_workers(settings, broker)
    catalogue = topics(settings)
    windows = _changelog(settings, broker, catalogue.windows_changelog, decode_window)
    signals = _changelog(settings, broker, catalogue.signals_changelog, decode_history)
    earliest = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
    starts = _offsets(broker, catalogue.raw, earliest)
    firsts = _offsets(broker, catalogue.raw, OffsetSpec.for_timestamp(0))
    ends = latest(broker, catalogue.raw)
    indicators = latest(broker, catalogue.indicators)
    return Plan(
        catalogue.raw.name,
        [
            Part(
                partition,
                starts[partition].offset,
                firsts[partition].timestamp if firsts[partition].offset >= 0 else None,
                ends[partition],
                indicators[partition],
                windows[partition],
                signals[partition],
            )
            for partition in range(catalogue.raw.partitions)
        ],
    )


def latest(broker: Broker, topic: Topic) -> dict[int, int]:
    """The next offset of each of a topic's partitions."""
    answers = _offsets(broker, topic, OffsetSpec.latest())  # type: ignore[no-untyped-call]
    return {partition: answer.offset for partition, answer in answers.items()}


def _offsets(broker: Broker, topic: Topic, spec: OffsetSpec) -> dict[int, ListOffsetsResultInfo]:
    places = [TopicPartition(topic.name, partition) for partition in range(topic.partitions)]
    with broker.explaining():
        answers = broker.admin.list_offsets(dict.fromkeys(places, spec), request_timeout=TIMEOUT)
        return {place.partition: answer.result() for place, answer in answers.items()}


def _changelog(
    settings: Settings, broker: Broker, topic: Topic, decode: Callable[[bytes], object]
) -> dict[int, Changelog]:
    logs = {partition: Changelog(topic.name, partition, end) for partition, end in latest(broker, topic).items()}
    with TopicReader(settings, topic.name, from_beginning=True, until_end=True) as reader:
        for batch in reader.batches():
            for message in batch:
                key, value = message.key(), message.value()
                if key is None or value is None:
                    continue
                log = logs[message.partition() or 0]
                is_progress = key == PROGRESS_KEY
                if not is_progress:
                    log.keys.add(key)
                if not _readable(decode_progress if is_progress else decode, value):
                    log.unreadable.add(key)
    return logs


def _readable(decode: Callable[[bytes], object], value: bytes) -> bool:
    try:
        decode(value)
    except ValueError:
        return False
    return True
