"""Restoring a table's partitions from their changelog.

Of each key the value with the higher source position is kept. The later record is
not always the newer one: a worker that was paused and lost its partitions may have
written after its successor.
"""

from collections.abc import Callable, Mapping
from typing import Any

from app.engine.batch import Batch
from app.engine.progress import PROGRESS_KEY, decode_progress
from app.errors import StocksError

#: Of values that wait to be written; a changelog holds many of a key, so most are never written.
WAITING_BYTES = 64 * 1024 * 1024

Position = tuple[Any, ...]
"""Where a value's source record stands: its topic's id, then what orders the records of that topic."""


def is_newer(position: Position, than: Position) -> bool:
    """Whether a value comes after another one; one from a new topic of the same name does, wherever it stands."""
    return position[0] != than[0] or position >= than


class UnreadableValue(StocksError, ValueError):
    """A table's value that this program cannot read; names table and key."""

    def __init__(self, table: str, key: bytes, why: ValueError) -> None:
        super().__init__(f"table {table}, key {key!r}: {why}")


class Restoring:
    """What was read of a table's changelog and is not in the store yet.

    `position_of` is asked for a value's position and raises ValueError for one that
    cannot be read, `read` for what the store has of a partition and key, and `put`
    writes a partition's entries with the changelog offset up to which they are complete.
    """

    def __init__(
        self,
        table: str,
        position_of: Callable[[bytes], Position],
        read: Callable[[int, bytes], bytes | None],
        put: Callable[[int, Mapping[bytes, bytes], int], None],
    ) -> None:
        self._table = table
        self._position_of = position_of
        self._read = read
        self._put = put
        #: Partitions whose changelog has old values behind newer ones.
        self.outdated: set[int] = set()
        self._newest: dict[int, dict[bytes, tuple[Position, bytes]]] = {}
        self._offsets: dict[int, int] = {}
        self._bytes = 0

    def add(self, batch: Batch) -> None:
        """Take the records of a batch, and write when much is waiting. Raises UnreadableValue."""
        partition = batch.partition
        newest = self._newest.setdefault(partition, {})
        for record in batch.records:
            key, value = record.key, record.value
            if key is None or value is None:
                continue
            position_of = decode_progress if key == PROGRESS_KEY else self._position_of
            try:
                position = position_of(value)
                known = newest.get(key)
                if known is None and (stored := self._read(partition, key)) is not None:
                    known = position_of(stored), stored
                    self._bytes += len(stored)
            except ValueError as error:
                raise UnreadableValue(self._table, key, error) from error
            if known is None or is_newer(position, known[0]):
                self._bytes += len(value) - (len(known[1]) if known else 0)
                newest[key] = position, value
            else:
                newest[key] = known
                self.outdated.add(partition)
        self._offsets[partition] = batch.records[-1].offset
        if self._bytes > WAITING_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write all that is waiting."""
        for partition, offset in self._offsets.items():
            self._put(partition, {key: value for key, (_, value) in self._newest[partition].items()}, offset)
        self._newest, self._offsets, self._bytes = {}, {}, 0
