"""Signals from the topic with the fields that filters need; JSON is made only when a client wants it."""

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from web.stream.position import Ids, Vector


class SignalRecord(NamedTuple):
    """One signal: its place, what filters and snapshots ask, and its bytes as they are on the topic.

    `timestamp` is the bar's start, UTC, milliseconds since 1970.
    """

    partition: int
    offset: int
    run_id: str
    symbol: str
    is_transition: bool
    timestamp: int
    revision: int
    value: bytes


class SignalBatch:
    """Records that were read one after another.

    `before` and `after` are the positions around them; `newest` is the time (UTC, milliseconds since 1970) and run
    of the signal that was computed last. What is cached here is shared by all clients, see `cool`.
    """

    def __init__(self, records: Sequence[SignalRecord], before: Vector, after: Vector, newest: tuple[int, str]) -> None:
        self.records = records
        self.before = before
        self.after = after
        self.newest = newest
        #: Counted by the hub, from 1.
        self.number = 0
        self.runs = frozenset(record.run_id for record in records)
        #: JSON by index.
        self.json: dict[int, bytes] = {}
        #: All events of a filter.
        self.events: dict[object, bytes] = {}

    @cached_property
    def by_symbol(self) -> dict[str, list[int]]:
        """Indexes of the records of each symbol."""
        found: dict[str, list[int]] = {}
        for index, record in enumerate(self.records):
            found.setdefault(record.symbol, []).append(index)
        return found

    @cached_property
    def ids(self) -> list[str]:
        """The id behind each record, for who read all before it."""
        ids, found = Ids(self.before), []
        for record in self.records:
            ids.pass_by(record.partition, record.offset)
            found.append(str(ids))
        return found

    def cool(self) -> None:
        """Drop what can be made again, as the batch is no longer among the newest."""
        self.json, self.events = {}, {}
        for name in ("ids", "by_symbol"):
            self.__dict__.pop(name, None)
