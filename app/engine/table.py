"""A Faust table of rows that is written a batch at a time and restored in bulk."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import faust
from faust.types import TP
from rocksdict import Rdict, RdictIter, ReadOptions, WriteBatch, WriteOptions

from app.engine import private
from app.engine.checkpoint import CHECKPOINT_KEY, Checkpoint, decode_checkpoint
from app.engine.errors import StoreFull, UnreadableState

#: What a table's memtables and block caches may take, over all partitions; RocksDB's defaults have no bound.
TABLE_BYTES = 48 * 1024 * 1024

#: What RocksDB says when a disk is full. It goes on by itself some seconds after there is room.
_NO_ROOM = "No space left on device"

#: Where a database keeps the changelog offset up to which it is complete.
POSITION_KEY = b"\x00position"

#: Row keys begin with text, which is neither NUL nor 0xff.
_FIRST_KEY, _LAST_KEY = b"\x01", b"\xff"


def rocksdb_options(partitions: int) -> Mapping[str, Any]:
    """The options of one partition's database: two memtables and a block cache, each a third of it, 1 to 8 MiB."""
    third = min(max(TABLE_BYTES // partitions // 3, 1024 * 1024), 8 * 1024 * 1024)
    return {
        "write_buffer_size": third,
        "max_write_buffer_number": 2,
        "target_file_size_base": 16 * 1024 * 1024,
        "block_cache_size": third,
    }


def _is_full(error: Exception) -> bool:
    return _NO_ROOM in str(error)


def _without_log() -> WriteOptions:
    """Without RocksDB's write-ahead log.

    Rows and the changelog position behind them are one write, and RocksDB keeps a
    prefix of the writes: a crash leaves an older state with its own position, and
    the changelog has the rest.
    """
    options = WriteOptions()
    options.disable_wal = True  # type: ignore[method-assign, assignment]  # An attribute; the stub is wrong.
    return options


_WITHOUT_LOG = _without_log()


class BatchTable(faust.Table[bytes, bytes]):
    """Rows of bytes by bytes, kept in RocksDB by source partition, with a changelog in Kafka.

    Not written through `table[key] = …` but a batch at a time, by app.engine.processor, after the
    transaction that holds the same rows. `check_state` is given the text of the checkpoint found in
    a partition that is taken over, and raises OperatorError where it cannot be continued.
    """

    def __init__(
        self,
        app: Any,
        *,
        source_topic: str,
        state_text: str = "",
        check_state: Callable[[str], None] = lambda state: None,
        old_state_hint: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            app,
            key_type=bytes,
            value_type=bytes,
            options={**rocksdb_options(app.conf.topic_partitions), "driver": "rocksdict"},
            **kwargs,
        )
        self.source_topic = source_topic
        self._data_dir = app.options.data_dir
        #: The text that checkpoints of this program carry.
        self.state_text = state_text
        self._check_state = check_state
        self._old_state_hint = old_state_hint
        #: The partitions that are held here and restored.
        self.active: frozenset[int] = frozenset()
        #: Called with the active partitions whenever they change.
        self.on_assignment: list[Callable[[frozenset[int]], None]] = []
        #: Called with a partition and its new rows after each batch, in the event loop.
        self.on_rows: list[Callable[[int, Mapping[bytes, bytes]], None]] = []
        #: Called with a partition whose batch was dropped: what memory says of it is ahead of the table.
        self.on_dropped: list[Callable[[int], None]] = []
        #: Awaited before databases are closed: threads that read or write them end.
        self.before_close: list[Callable[[], Awaitable[None]]] = [app.takeover.settled]

    @property
    def changelog_name(self) -> str:
        """The changelog's topic."""
        return str(self.changelog_topic.get_topic_name())

    def read(self, partition: int, key: bytes) -> bytes | None:
        """The row of a key, in a partition that this worker holds."""
        value: bytes | None = self._db(partition).get(key)
        return value

    def read_many(self, partition: int, keys: list[bytes]) -> list[bytes | None]:
        """The rows of keys in a partition that this worker holds, in a third of the time that one by one takes."""
        values = self._db(partition).get(cast(Any, keys))
        return cast(list[bytes | None], values)

    def scan(self, partition: int, start: bytes = _FIRST_KEY, end: bytes = _LAST_KEY) -> Iterator[tuple[bytes, bytes]]:
        """Keys and rows from `start` to before `end`, in the order of their keys; checkpoint and position aside.

        It shows the rows as they were when it began. Raises an error of RocksDB's for a block that cannot be read.
        """
        iterator = self._iterator(partition, start, end)
        while iterator.valid():
            yield iterator.key(), iterator.value()
            iterator.next()
        iterator.status()  # Without this check a damaged block would look like the end.

    def read_range(self, partition: int, start: bytes, end: bytes) -> list[bytes]:
        """The rows of all keys from `start` to before `end`, as `scan` finds them, in half of the time."""
        iterator = self._iterator(partition, start, end)
        found: list[bytes] = []
        while iterator.valid():
            found.append(iterator.value())
            iterator.next()
        iterator.status()
        return found

    def last(self, partition: int, start: bytes, end: bytes) -> tuple[bytes, bytes] | None:
        """The last key from `start` to before `end`, and its row."""
        # With a lower bound rocksdict finds nothing.
        iterator = self._db(partition).iter(ReadOptions())
        iterator.seek_for_prev(end)
        if iterator.valid() and iterator.key() == end:
            iterator.prev()
        found = (iterator.key(), iterator.value()) if iterator.valid() else None
        iterator.status()
        return found if found is not None and found[0] >= start else None

    def _iterator(self, partition: int, start: bytes, end: bytes) -> RdictIter:
        """At the first key from `start` on; it is no longer valid at `end`."""
        options = ReadOptions()
        options.set_iterate_upper_bound(end)
        iterator = self._db(partition).iter(options)
        iterator.seek(start)
        return iterator

    def checkpoint(self, partition: int) -> Checkpoint | None:
        """How far the state of a partition has come; None when there is none. Raises UnreadableState."""
        value = self.read(partition, CHECKPOINT_KEY)
        if value is None:
            return None
        try:
            return decode_checkpoint(value)
        except ValueError as error:
            raise UnreadableState(self.name, CHECKPOINT_KEY, f"{error}{self._old_state_hint}") from error

    def check(self, partition: int) -> None:
        """Raise OperatorError where the partition's state is not this program's to continue."""
        checkpoint = self.checkpoint(partition)
        if checkpoint is not None:
            self._check_state(checkpoint.state)

    def source_offset(self, partition: int, topic_id: str) -> int | None:
        """The source offset to read on from.

        None when there is no state yet, or when it came from another topic of that name. Raises UnreadableState.
        """
        checkpoint = self.checkpoint(partition)
        return checkpoint.offset if checkpoint is not None and checkpoint.topic_id == topic_id else None

    def changelog_position(self, partition: int) -> int:
        """The changelog offset up to which the local database is complete; 0 when there is nothing yet.

        Raises StoreFull where the database must first be made, and there is no room for it.
        """
        value = self._db(partition).get(POSITION_KEY)
        return 0 if value is None else int(value)

    def restore(self, partition: int, entries: Mapping[bytes, bytes | None], position: int) -> None:
        """Write rows (None: delete), and the changelog position behind them, in one step. Raises StoreFull."""
        write = WriteBatch(raw_mode=True)
        put = write.put
        for key, value in entries.items():
            if value is None:
                write.delete(key)
            else:
                put(key, value)
        put(POSITION_KEY, b"%d" % position)
        self._write(partition, write)

    def reset(self, partition: int) -> None:
        """Forget all rows of a partition, its checkpoint too. Raises StoreFull."""
        write = WriteBatch(raw_mode=True)
        write.delete_range(b"", _LAST_KEY)
        self._write(partition, write)

    def check_room(self, partition: int) -> None:
        """Raise StoreFull while the partition's store takes no more; nothing is changed."""
        self.restore(partition, {}, self.changelog_position(partition))

    def _write(self, partition: int, write: WriteBatch) -> None:
        with self._full_disk_said():
            self._db(partition).write(write, _WITHOUT_LOG)

    def _db(self, partition: int) -> Rdict:
        """The partition's database, opened if need be. Raises StoreFull."""
        with self._full_disk_said():
            return private.store_db(self.data, partition)

    @contextmanager
    def _full_disk_said(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if not _is_full(error):
                raise
            raise StoreFull(
                f"the disk of the data folder {self._data_dir} is full: free some room there, "
                "and the worker goes on by itself"
            ) from error

    def activate(self, partitions: frozenset[int]) -> None:
        """Set the partitions that this worker has and that are restored."""
        self.active = partitions
        for listener in self.on_assignment:
            listener(partitions)

    def persisted_offset(self, tp: TP) -> int:
        """For Faust, which has nothing to restore."""
        return -1

    async def on_rebalance(
        self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        """Nothing is active until it is restored; no listener may read what is being closed.

        A database that cannot be opened because the disk is full ends nothing: Faust closes all of them then, and
        the takeover, which comes next, opens each as it is needed and waits for room.
        """
        await self._end_use()
        try:
            await super().on_rebalance(assigned, revoked, newly_assigned, generation_id)
        except Exception as error:
            if not _is_full(error):
                raise

    async def on_stop(self) -> None:
        """As before a rebalance: the databases are closed next."""
        await self._end_use()
        await super().on_stop()

    async def _end_use(self) -> None:
        self.activate(frozenset())
        for ended in self.before_close:
            await ended()
