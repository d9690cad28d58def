"""Every topic of the system, with its configuration."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

from app.settings import Settings

#: A dead letter is a whole record and says more about it, so it may be larger than brokers take by default.
LARGEST_RECORD_BYTES = 2 * 1024 * 1024

DAY_MS = 24 * 60 * 60 * 1000

_CHANGELOG = {
    "cleanup.policy": "compact",
    "compression.type": "zstd",
    "max.compaction.lag.ms": str(2 * 60 * 60 * 1000),
    "segment.ms": str(60 * 60 * 1000),
    "segment.bytes": str(64 * 1024 * 1024),
    "min.cleanable.dirty.ratio": "0.1",
}


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: its name, partitions, configuration, and the schema of its values (None: raw bytes)."""

    name: str
    partitions: int
    config: Mapping[str, str]
    schema: str | None = None

    @property
    def subject(self) -> str:
        """Where the registry keeps the schema of the values."""
        return f"{self.name}-value"


@dataclass(frozen=True, slots=True)
class Topics:
    """All topics of one deployment."""

    raw: Topic
    signals: Topic
    dead_letters: Topic
    windows_changelog: Topic

    def __iter__(self) -> Iterator[Topic]:
        return (getattr(self, field.name) for field in fields(self))


def topics(settings: Settings) -> Topics:
    """The topics for these settings. All have the same number of partitions, so that a symbol stays on one worker."""

    def stream(name: str, days: int, schema: str | None, **more: str) -> Topic:
        config = {"cleanup.policy": "delete", "retention.ms": str(days * DAY_MS)} | more
        return Topic(f"{settings.topic_prefix}stocks.{name}", settings.partitions, config, schema)

    return Topics(
        raw=stream("raw.avro", 7, "bar"),
        signals=stream("signals", 30, "signal"),
        dead_letters=stream("dead-letters", 30, None, **{"max.message.bytes": str(LARGEST_RECORD_BYTES)}),
        windows_changelog=Topic(f"{settings.id}-windows-changelog", settings.partitions, _CHANGELOG),
    )
