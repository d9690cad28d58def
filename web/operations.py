"""What the page on operations asks of a worker."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from app.letters.letter import Letter


@dataclass(frozen=True, slots=True)
class PartitionState:
    """A partition of the topic of bars: who holds it (a base URL), and where this worker is if it does.

    `position` is the next offset to process, `lag` how many records are left; None elsewhere and while unknown.
    """

    partition: int
    owner: str | None
    here: bool
    position: int | None = None
    lag: int | None = None


class NewestLetters(NamedTuple):
    """How many of the newest dead letters were read, how many have each reason, and some, the newest first."""

    read: int
    reasons: dict[str, int]
    letters: Sequence[Letter]


class Operations(Protocol):
    """One worker and the cluster as it sees it."""

    address: str
    """Base URL under which other workers know this one."""

    async def partitions(self) -> Sequence[PartitionState]:
        """All partitions."""

    async def dead_letters(self, limit: int) -> NewestLetters:
        """The newest dead letters. Raises StocksError where the broker does not answer or the topic is not there."""
