"""The worker's interface for the operations page."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from app.dead_letters.letter import Letter


class NewestLetters(NamedTuple):
    """How many of the newest dead letters were read, how many have each reason, and some, the newest first."""

    read: int
    reasons: dict[str, int]
    letters: Sequence[Letter]


class Operations(Protocol):
    """A worker's knowledge beside its table: its address, and the newest dead letters."""

    address: str
    """Base URL under which other workers know this one."""

    async def dead_letters(self, limit: int) -> NewestLetters:
        """The newest dead letters. Raises StocksError where the broker does not answer or the topic is not there."""
