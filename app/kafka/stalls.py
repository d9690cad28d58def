"""Decides from offsets which partitions stand still for readers of committed records.

Such a reader gets nothing from the *last stable offset* on: there the oldest transaction begins that
was neither committed nor aborted. While transactions come and go, that offset moves.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

# The coordinator looks for transactions to abort every 10 s by default
# (transaction.abort.timed.out.transaction.cleanup.interval.ms), and then writes a marker to each partition.
_UNTIL_ABORTED_SECONDS = 15.0

PartitionPlace = tuple[str, int]
"""Topic and partition."""


class Offsets(NamedTuple):
    """Of one partition: the last stable offset, and the end. Both are the next offset that a reader would get."""

    stable: int
    end: int


class Stall(NamedTuple):
    """A partition whose last stable offset has stood behind its end for so many seconds, at least."""

    topic: str
    partition: int
    stable_offset: int
    end: int
    seconds: float

    @property
    def message(self) -> str:
        """What is wrong."""
        return (
            f"{self.topic}[{self.partition}] has stood still at offset {self.stable_offset} of {self.end} for "
            f"{self.seconds:.0f} s: every reader of committed records waits there, because a transaction was "
            "neither committed nor aborted, perhaps that of another program"
        )

    @property
    def fix(self) -> str:
        """How to fix it."""
        # `abort` alone would let a program that is still there commit the rest of its transaction.
        return (
            "wait until the transaction's own time limit ends it, or look with `kafka-transactions.sh "
            "--bootstrap-server … list` whose is Ongoing and end it with `forceTerminateTransaction --transactionalId "
            f"ID`; one that is in no list, with `abort --topic {self.topic} --partition {self.partition} "
            f"--start-offset {self.stable_offset}`"
        )

    @property
    def sentence(self) -> str:
        """What is wrong and how to fix it."""
        return f"{self.message}; {self.fix}"


class _Standing(NamedTuple):
    offsets: Offsets
    since: float
    seen: float

    @property
    def seconds(self) -> float:
        return max(0.0, self.seen - self.since)


def stall_limit(transaction_seconds: float) -> float:
    """How long a partition may stand still where no transaction is allowed more than `transaction_seconds`.

    Up to this, it is a worker that was killed, and Kafka itself ends what it left open.
    """
    return transaction_seconds + _UNTIL_ABORTED_SECONDS


class StallDetector:
    """Remembers since when each partition has stood still.

    A partition that gives no answer keeps what was found last: the last stable offset only moves forward, so
    one that is the same afterwards has stood still all the time.
    """

    def __init__(self, limit_seconds: float) -> None:
        self._limit = limit_seconds
        self._standing: dict[PartitionPlace, _Standing] = {}

    def update(self, found: Mapping[PartitionPlace, Offsets], asked_at: float, answered_at: float) -> None:
        """Take in the offsets of the partitions that answered; the times are those of one clock, in seconds.

        Counted is only what is certain, from the first answer to the last question: this process may have been
        paused in between.
        """
        for place, offsets in found.items():
            before = self._standing.get(place)
            if offsets.stable >= offsets.end:
                self._standing.pop(place, None)
            elif before and before.offsets.stable == offsets.stable:
                self._standing[place] = _Standing(offsets, before.since, asked_at)
            else:
                self._standing[place] = _Standing(offsets, answered_at, answered_at)

    def retain(self, places: Collection[PartitionPlace]) -> None:
        """Forget all other partitions."""
        self._standing = {place: standing for place, standing in self._standing.items() if place in places}

    def standing(self) -> dict[PartitionPlace, float]:
        """The partitions that wait for a transaction, and for how many seconds they have stood still; 0 is usual."""
        return {place: standing.seconds for place, standing in self._standing.items()}

    def stalls(self) -> list[Stall]:
        """The partitions that have stood still beyond the limit, ordered by topic and partition."""
        return [
            Stall(*place, *standing.offsets, standing.seconds)
            for place, standing in sorted(self._standing.items())
            if standing.seconds > self._limit
        ]
