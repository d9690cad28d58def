"""What a group remembers of each partition: where to go on, and what may have been sent beyond that."""

import re
from collections.abc import Collection, Mapping
from typing import NamedTuple

_NOTE = re.compile(r"sending until (\d+)")


class CommittedPlace(NamedTuple):
    """What is committed for a partition: the next offset to deal with, and the text that Kafka keeps with it."""

    offset: int
    note: str = ""


class ReadingStart(NamedTuple):
    """Where a partition is read from, and a sentence where that is not where the group left it."""

    offset: int
    surprise: str = ""


class AlertProgress:
    """The partitions that a member has; offsets are next offsets everywhere."""

    def __init__(self) -> None:
        self._start: dict[int, int] = {}
        self._position: dict[int, int] = {}
        self._noted: dict[int, int] = {}
        self._committed: dict[int, CommittedPlace] = {}

    def begin(self, partition: int, found: CommittedPlace, low: int, high: int) -> ReadingStart:
        """Take a partition that holds offsets [low, high) with what its group has committed.

        An offset below 0 means nothing: then it begins at the end, for what was before is no news to anybody.
        """
        note = _NOTE.fullmatch(found.note)
        begun = _begun(found.offset, low, high)
        self._noted[partition] = int(note[1]) if note and not begun.surprise else 0
        self._start[partition] = self._position[partition] = begun.offset
        self._committed.pop(partition, None)
        return begun

    def has(self, partition: int) -> bool:
        """Whether it is this member's."""
        return partition in self._start

    def is_handled(self, partition: int, offset: int) -> bool:
        """Whether it was dealt with before this member began."""
        return offset < self._start[partition]

    def is_uncertain(self, partition: int, offset: int) -> bool:
        """Whether an alert there may have been sent by the partition's last owner."""
        return self._start[partition] <= offset < self._noted[partition]

    @property
    def is_catching_up(self) -> bool:
        """Whether alerts that may have been sent are still to be read."""
        return any(position < self._noted[partition] for partition, position in self._position.items())

    def advance(self, partition: int, position: int) -> None:
        """All records before `position` were read."""
        self._position[partition] = max(self._position[partition], position)

    def drop(self, partitions: Collection[int]) -> None:
        """Forget partitions that are another member's."""
        for known in (self._start, self._position, self._noted, self._committed):
            for partition in partitions:
                known.pop(partition, None)

    def to_commit(
        self, first_waiting: Mapping[int, int], sending_until: Mapping[int, int]
    ) -> dict[int, CommittedPlace]:
        """What has changed since `committed` was last called; see app.alerts.inbox.Inbox.commit."""
        wanted = {}
        for partition, position in self._position.items():
            # What was noted stays uncertain until all of it has been read.
            noted = self._noted[partition] if position < self._noted[partition] else 0
            until = max(noted, sending_until.get(partition, 0))
            offset = first_waiting.get(partition, position)
            wanted[partition] = CommittedPlace(offset, f"sending until {until}" if until > offset else "")
        return {number: place for number, place in wanted.items() if place != self._committed.get(number)}

    def committed(self, places: Mapping[int, CommittedPlace]) -> None:
        """Note that the group has committed these places."""
        self._committed |= places


def _begun(committed: int, low: int, high: int) -> ReadingStart:
    if committed < 0:
        return ReadingStart(high)
    if committed > high:
        return ReadingStart(
            low, f"ends at {high} but was read up to {committed}: it was made again, so all of it is read"
        )
    if committed < low:
        return ReadingStart(low, f"has lost {low - committed} records to retention that were not read yet")
    return ReadingStart(committed)
