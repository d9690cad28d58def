"""Selects dead letters, each of them once."""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass

from app.dead_letters.letter import Letter
from app.dead_letters.record_place import RecordPlace


@dataclass(frozen=True, slots=True)
class LetterFilter:
    """The conditions that a letter must meet; an empty or None field is no condition.

    `since` (included) and `until` (not included) are UTC epoch milliseconds of
    the source record; `offsets` are those of the source topic.
    """

    reasons: Container[str] = ()
    topic: str | None = None
    partition: int | None = None
    key: str | None = None
    since: int | None = None
    until: int | None = None
    offsets: range | None = None
    #: Letters by their own partition and offset, or by their source's place.
    places: frozenset[RecordPlace] = frozenset()

    def takes(self, letter: Letter) -> bool:
        """Whether the letter meets all conditions."""
        return (
            (not self.reasons or letter.reason in self.reasons)
            and (self.key is None or letter.key_text == self.key)
            and (not self.places or letter.place in self.places or letter.source in self.places)
            and self._takes_source(letter.source)
            and self._takes_time(letter.time_ms)
        )

    def _takes_source(self, source: RecordPlace | None) -> bool:
        if source is None:
            return self.topic is None and self.partition is None and self.offsets is None
        return (
            (self.topic is None or source.topic == self.topic)
            and (self.partition is None or source.partition == self.partition)
            and (self.offsets is None or source.offset in self.offsets)
        )

    def _takes_time(self, time_ms: int | None) -> bool:
        if time_ms is None:
            return self.since is None and self.until is None
        return (self.since is None or time_ms >= self.since) and (self.until is None or time_ms < self.until)


def distinct(letters: Iterable[Letter]) -> Iterator[Letter]:
    """Each letter once by its source's topic, partition and offset: a crash may have written it twice.

    The time is part of it, because a topic that was deleted and made again counts from 0 again.
    """
    seen: set[tuple[RecordPlace, str | None]] = set()
    for letter in letters:
        if letter.source is not None:
            name = letter.source, letter.time
            if name in seen:
                continue
            seen.add(name)
        yield letter
