"""Waits until workers have processed what was sent.

They are when the offsets that their group has committed are behind the last bar of each partition. A worker commits
an offset only after the transaction with all that follows from it was committed. The checkpoint in the changelog is
not good for this: a batch that changes nothing, such as one of duplicates, need not move it. What a worker's API or
metrics say is not good either: with several workers each knows its own partitions, and a rebalance moves them.
"""

from collections.abc import Callable, Mapping
from enum import Enum, auto

#: How long nobody may be in the group before its workers count as gone: a worker that was killed stays in it for
#: SESSION_SECONDS, and one that a supervisor starts again joins after at most 30 s and its start.
GONE_SECONDS = 45.0

#: How long workers may be there and get no further. Restoring a large table takes minutes.
STUCK_SECONDS = 300.0

_LOOK_SECONDS = 0.25
_COUNT_SECONDS = 2.0


class Ending(Enum):
    """How the waiting ended."""

    THROUGH = auto()
    """Everything was processed."""
    ABSENT = auto()
    """There was no worker from the beginning."""
    GONE = auto()
    """There was a worker, and now there is none."""
    STUCK = auto()
    """There is one, and it gets no further."""


class CatchUp:
    """One replay's waiting. `committed` says the group's offset of each partition, `members` how many are in it."""

    def __init__(
        self,
        ends: Mapping[int, int],
        committed: Callable[[], Mapping[int, int]],
        members: Callable[[], int],
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        gone_seconds: float = GONE_SECONDS,
        stuck_seconds: float = STUCK_SECONDS,
    ) -> None:
        self._ends, self._committed, self._members = ends, committed, members
        self._clock, self._sleep = clock, sleep
        self._gone_seconds, self._stuck_seconds = gone_seconds, stuck_seconds

    def wait(self, on_progress: Callable[[Mapping[int, int], int], None], *, patient: bool) -> Ending:
        """Wait; a `patient` one never gives up because there is no worker.

        `on_progress` is called with the committed offsets and the number of workers.
        """
        now = self._clock()
        moved_at, seen_at, count_at = now, now, now
        was_there, workers = False, 0
        last: Mapping[int, int] = {}
        while True:
            found = dict(self._committed())
            now = self._clock()
            if all(found.get(partition, 0) >= end for partition, end in self._ends.items()):
                return Ending.THROUGH
            if found != last:
                # The first look is no progress, but it begins the time.
                last, moved_at = found, now
            if now >= count_at:
                there, count_at = self._members(), now + _COUNT_SECONDS
                if there and not workers:
                    moved_at = now  # Time without a worker does not count.
                workers = there
                if workers:
                    was_there, seen_at = True, now
                elif not was_there and not patient:
                    return Ending.ABSENT
            on_progress(found, workers)
            if workers and now - moved_at > self._stuck_seconds:
                return Ending.STUCK
            if not workers and not patient and now - max(seen_at, moved_at) > self._gone_seconds:
                return Ending.GONE
            self._sleep(_LOOK_SECONDS)
