"""What a rebuild of the tables would do, partition by partition, and how it says so."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from app.iso_time import iso

_EXAMPLES = 5


@dataclass(slots=True)
class Changelog:
    """One partition of a table's changelog: its next offset, its keys, and those with a value nobody can read."""

    topic: str
    partition: int
    end: int
    keys: set[bytes] = field(default_factory=set)
    unreadable: set[bytes] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Part:
    """One partition: raw offsets [start, end) are there; `start_ms` is the first one's time, UTC epoch milliseconds."""

    partition: int
    start: int
    start_ms: int | None
    end: int
    indicators_end: int
    windows: Changelog
    signals: Changelog


@dataclass(frozen=True, slots=True)
class Plan:
    """All partitions."""

    raw: str
    parts: Sequence[Part]

    @property
    def cut(self) -> list[Part]:
        """Partitions whose first records retention has deleted: they cannot be recomputed."""
        return [part for part in self.parts if part.start > 0]

    def lines(self) -> Iterator[str]:
        """The plan in sentences."""
        offsets = sum(part.end - part.start for part in self.parts)
        windows = sum(len(part.windows.keys) for part in self.parts)
        signals = sum(len(part.signals.keys) for part in self.parts)
        yield f"All {windows:,} windows and {signals:,} signal histories are forgotten: their changelogs are set back,"
        yield "then emptied, and the tables in DATA_DIR are removed; those on other machines follow when workers start."
        yield f"The next worker computes them anew from {self.raw}: {offsets:,} records, {len(self.parts)} partitions."
        yield "It sends indicators, signals and dead letters again; drop signals that you know by their `id`."
        yield from self._unreadable()
        for part in self.cut:
            since = "none is left" if part.start_ms is None else f"the first left was sent {iso(part.start_ms)}"
            yield (
                f"{self.raw}[{part.partition}]: retention has deleted records 0 to {part.start - 1:,}; {since}. "
                "Series that began before it begin anew: they warm up again, and their signals differ from those "
                "sent before under the same ids."
            )

    def _unreadable(self) -> Iterator[str]:
        named = [
            f"{log.topic}[{log.partition}] {key!r}"
            for part in self.parts
            for log in (part.windows, part.signals)
            for key in sorted(log.unreadable)
        ]
        if named:
            more = f" and {len(named) - _EXAMPLES:,} more" if len(named) > _EXAMPLES else ""
            yield f"Values that cannot be read now: {', '.join(named[:_EXAMPLES])}{more}."
