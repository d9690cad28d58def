"""The plan of a rebuild: what it would do with each partition, in sentences."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.times import iso


@dataclass(frozen=True, slots=True)
class PartitionPlan:
    """One partition of the raw topic: offsets [start, end) are there.

    `start_ms` is the first record's time, UTC epoch milliseconds; None when no record is left.
    """

    partition: int
    start: int
    start_ms: int | None
    end: int


@dataclass(frozen=True, slots=True)
class RebuildPlan:
    """All partitions of the raw topic, and the changelog that is set back."""

    raw: str
    changelog: str
    parts: Sequence[PartitionPlan]

    @property
    def cut(self) -> list[PartitionPlan]:
        """Partitions whose first records retention has deleted: they cannot be computed again."""
        return [part for part in self.parts if part.start > 0]

    def lines(self) -> Iterator[str]:
        """The plan in sentences."""
        offsets = sum(part.end - part.start for part in self.parts)
        yield f"All windows and signals of the tables are forgotten: {self.changelog} says so from now on, its older"
        yield "records are deleted, and so are the tables in DATA_DIR; other machines follow when their workers start."
        yield f"The next worker computes them again from {self.raw}: {offsets:,} records, {len(self.parts)} partitions."
        yield "It sends signals and dead letters again; drop signals that you know by their `id`."
        for part in self.cut:
            since = "none is left" if part.start_ms is None else f"the first left was sent {iso(part.start_ms)}"
            yield (
                f"{self.raw}[{part.partition}]: retention has deleted records 0 to {part.start - 1:,}; {since}. "
                "Series that began earlier start again with the first bar left: they warm up again, and their "
                "signals differ from those sent before under the same ids."
            )
