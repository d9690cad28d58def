"""The interface of what the hub reads: stocks.signals, or a test's list."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from web.stream.position import Vector
from web.stream.signal_batch import SignalBatch, SignalRecord


class SourceUnavailable(Exception):
    """Nothing can be read now: wait and try again. The message says why."""


class PositionGone(Exception):
    """The records at a position are no longer there, or never were; the message says which."""


class News(NamedTuple):
    """The next signals, and for each partition the time (UTC, milliseconds since 1970) up to which it was read."""

    batch: SignalBatch
    as_of: tuple[int, ...]


class Tail(Protocol):
    """The end of the topic, as it grows."""

    def read(self) -> News:
        """What has come, after a moment of waiting at most; the batch may be empty.

        Raises SourceUnavailable, and PositionGone when the topic is another one.
        """


class SignalSource(Protocol):
    """Committed signals of all partitions. All of this blocks, so it is for threads."""

    partitions: int

    def tail(self, start: Vector | None, back: int) -> AbstractContextManager[Tail]:
        """From a position on; without one, from at most so many records of each partition before its end.

        Raises as Tail.read does.
        """

    def missed(self, start: Vector, end: Vector) -> Iterator[SignalBatch]:
        """What lies between two positions, bit by bit; raises as Tail.read does."""

    def json(self, records: list[SignalRecord]) -> list[bytes]:
        """The records as in GET /signals."""
