"""A Faust table that is written and restored a batch at a time."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, cast

import faust
from faust.types import TP, EventT
from rocksdict import WriteBatch

from app.engine import private
from app.engine.batch import Batch
from app.engine.delivery import Outgoing
from app.engine.progress import PROGRESS_KEY, decode_progress, encode_progress
from app.engine.restoring import Position, Restoring, UnreadableValue

Decoded = TypeVar("Decoded")

#: Called with partition, key and value after each value an agent wrote.
Listener = Callable[[int, bytes, bytes], None]

#: What one table's memtables and block caches may take, over all partitions; RocksDB's defaults have no bound.
TABLE_BYTES = 64 * 1024 * 1024


def rocksdb_options(partitions: int) -> Mapping[str, Any]:
    """Of one partition's database: two memtables and a block cache, each its third of its share, 1 to 8 MiB."""
    third = min(max(TABLE_BYTES // partitions // 3, 1024 * 1024), 8 * 1024 * 1024)
    return {
        "write_buffer_size": third,
        "max_write_buffer_number": 2,
        "target_file_size_base": 16 * 1024 * 1024,
        "block_cache_size": third,
    }


class BatchTable(faust.Table[bytes, bytes]):
    """A table of bytes by bytes whose values carry the position of the record that made them.

    Not written through `table[key] = …` but a batch at a time: `entries`, which go to the `changelog`, then `store`.
    `position_of` tells the position of a value, and raises ValueError for one that cannot be read.
    """

    def __init__(self, app: Any, *, source_topic: str, position_of: Callable[[bytes], Position], **kwargs: Any) -> None:
        super().__init__(
            app,
            key_type=bytes,
            value_type=bytes,
            options={**rocksdb_options(app.conf.topic_partitions), "driver": "rocksdict"},
            # Counted in batches.
            recovery_buffer_size=4,
            **kwargs,
        )
        self.source_topic = source_topic
        self.listeners: list[Listener] = []
        #: Called with the partitions held here whenever they change.
        self.on_held: list[Callable[[frozenset[int]], None]] = []
        #: The partitions that are held here and complete.
        self.held: frozenset[int] = frozenset()
        self._restoring = Restoring(self.name, position_of, self.read, self._put)
        #: The partitions whose changelog has old values behind newer ones.
        self.outdated = self._restoring.outdated

    def read(self, partition: int, key: bytes) -> bytes | None:
        """The value of a key that this worker owns."""
        value: bytes | None = private.store_db(self.data, partition).get(key)
        return value

    def decoding(self, decode: Callable[[bytes], Decoded], key: bytes, value: bytes) -> Decoded:
        """Decode a value. Raises UnreadableValue for one that cannot be."""
        try:
            return decode(value)
        except ValueError as error:
            raise UnreadableValue(self.name, key, error) from error

    def items(self, partition: int) -> Iterable[tuple[bytes, bytes]]:  # type: ignore[override]
        """All keys and values of one partition, progress aside."""
        hidden = (PROGRESS_KEY, private.OFFSET_KEY)
        return ((key, value) for key, value in private.store_items(self.data, partition) if key not in hidden)

    def progress(self, partition: int, topic_id: str) -> int | None:
        """The source offset up to which the state of a partition is complete.

        None when there is no state yet, or when it came from another topic of that name. Raises UnreadableValue.
        """
        value = self.read(partition, PROGRESS_KEY)
        if value is None:
            return None
        state_topic_id, offset = self.decoding(decode_progress, PROGRESS_KEY, value)
        return offset if state_topic_id == topic_id else None

    def entries(self, batch: Batch, topic_id: str, changes: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
        """All that a batch writes: its changes, and behind them its progress."""
        return {**changes, PROGRESS_KEY: encode_progress(topic_id, batch.end)}

    def changelog(self, partition: int, entries: Mapping[bytes, bytes]) -> list[Outgoing]:
        """The changelog records of entries; they come before the store."""
        topic: str = self.changelog_topic.get_topic_name()
        return [Outgoing(topic, key, value, partition) for key, value in entries.items()]

    def all_entries(self, partition: int) -> dict[bytes, bytes]:
        """All that a partition holds, its progress last."""
        entries = dict(self.items(partition))
        progress = self.read(partition, PROGRESS_KEY)
        return entries if progress is None else {**entries, PROGRESS_KEY: progress}

    def keep_offset(self, partition: int, changelog_offset: int) -> None:
        """Note that the store holds all that the changelog has up to this offset."""
        self._put(partition, {}, changelog_offset)

    def store(self, partition: int, entries: Mapping[bytes, bytes], changelog_offset: int) -> None:
        """Write entries to RocksDB, with the changelog offset that they are at in the same write."""
        self._put(partition, entries, changelog_offset)
        for listener in self.listeners:
            for key, value in entries.items():
                if key != PROGRESS_KEY:
                    listener(partition, key, value)

    def _put(self, partition: int, entries: Mapping[bytes, bytes], changelog_offset: int) -> None:
        write = WriteBatch(raw_mode=True)
        for key, value in entries.items():
            write.put(key, value)
        write.put(private.OFFSET_KEY, str(changelog_offset).encode())
        private.store_db(self.data, partition).write(write)

    async def on_rebalance(
        self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        """Nothing is complete until it is restored; who follows the table must not read what is being closed."""
        self._hold(frozenset())
        self._restoring.flush()
        await super().on_rebalance(assigned, revoked, newly_assigned, generation_id)

    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:
        """Tell who follows the table which partitions are complete now."""
        await super().on_recovery_completed(active_tps, standby_tps)
        try:
            self._restoring.flush()
            self._hold(frozenset(tp.partition for tp in active_tps))
        except Exception as exc:
            # Faust does not look at what its recovery callbacks raise.
            await self.app.crash(exc)
            raise

    def _hold(self, partitions: frozenset[int]) -> None:
        self.held = partitions
        for holding in self.on_held:
            holding(partitions)

    def apply_changelog_batch(self, batch: Iterable[EventT[Any]]) -> None:
        """Take changelog records, of each key the value with the higher source position."""
        changelog = self.changelog_topic.get_topic_name()
        try:
            for event in batch:
                # Faust gives one that came late, for a partition that is here no more, to any table.
                if event.message.topic == changelog:
                    self._restoring.add(cast(Batch, event.message.value))
        except Exception as exc:
            # Faust logs an error here and goes on without the records.
            self.app.loop.create_task(self.app.crash(exc))
            raise

    def persisted_offset(self, tp: TP) -> int:
        """The changelog offset up to which the local store is complete; -1 when there is nothing yet.

        Told None, Faust would go on from where it was when it had this partition last.
        """
        value = private.store_db(self.data, tp.partition).get(private.OFFSET_KEY)
        return -1 if value is None else int(value)
