"""The changelogs of a deployment, whichever its code has, and how large they are."""

from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path

from app.kafka.broker import Broker
from app.kafka.topics import Topic
from app.settings import Settings
from tests.bench.reader import Place, bulk_consumer, read_to_end


def changelogs(broker: Broker, settings: Settings) -> list[Topic]:
    """As the broker has them: what is measured may have others than this tree's all_topics, or a peer's."""
    return [
        Topic(name, len(found.partitions), {})
        for name, found in broker.metadata().topics.items()
        if settings.id in name and "changelog" in name
    ]


def record_bytes(settings: Settings, starts: Mapping[Place, int]) -> int:
    """Keys and values from these offsets to the ends, as they were before compression."""
    with closing(bulk_consumer(settings)) as consumer:
        found = read_to_end(consumer, starts)
        return sum(len(message.key() or b"") + len(message.value() or b"") for message in found)


def bytes_on_disk(stack_dir: Path, places: Iterable[Place]) -> int:
    """As compressed, without indexes."""
    return sum(
        segment.stat().st_size
        for topic, partition in places
        for segment in (stack_dir / "kafka" / f"{topic}-{partition}").glob("*.log")
    )
