import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest
from app.engine.delivery import Abandoned, Delivery, Outgoing
from app.engine.progress import PROGRESS_KEY, encode_progress
from faust.types import TP
from rocksdict import Rdict, WriteBatch

from app.engine import private
from app.engine.app import BatchApp
from tests.unit.engine.made import TOPIC_ID, Numbers, Rec, batch, changelog, event_of, make_numbers, make_settings


class Sent(Delivery):
    """Keeps what is sent; each record gets the next offset."""

    def __init__(self, first_offset: int = 40) -> None:
        super().__init__({}, patience=60)
        self.records: list[Outgoing] = []
        self.offset = first_offset - 1

    async def send(self, records: Sequence[Outgoing], wanted: Callable[[], bool]) -> int:
        if not wanted():
            raise Abandoned
        self.records += records
        self.offset += len(records)
        return self.offset


async def restore(numbers: Numbers, *entries: Rec, partition: int = 0) -> None:
    numbers.apply_changelog_batch([event_of(numbers.app, changelog(*entries, partition=partition))])
    await numbers.on_recovery_completed(set(), set())


def progress(offset: int, next_offset: int, topic_id: str = TOPIC_ID) -> Rec:
    return Rec(offset, PROGRESS_KEY, encode_progress(topic_id, next_offset))


def values(numbers: Numbers, partition: int = 0) -> dict[bytes, bytes]:
    return dict(numbers.items(partition))


async def write(numbers: Numbers, changes: dict[bytes, bytes], *, sent: Delivery | None = None, end: int = 10) -> None:
    entries = numbers.entries(batch(0, end), TOPIC_ID, changes)
    offset = await (sent or Sent()).send(numbers.changelog(0, entries), lambda: True)
    numbers.store(0, entries, offset)


async def test_of_each_key_the_higher_position_is_restored_not_the_later(numbers: Numbers) -> None:
    await restore(numbers, Rec(0, b"a", b"5"), Rec(1, b"b", b"1"), Rec(2, b"a", b"4"), Rec(3, b"b", b"2"))
    assert values(numbers) == {b"a": b"5", b"b": b"2"}


async def test_what_was_restored_before_is_kept_when_it_is_higher(numbers: Numbers) -> None:
    await restore(numbers, Rec(0, b"a", b"5"))
    await restore(numbers, Rec(1, b"a", b"3"))
    assert values(numbers) == {b"a": b"5"}
    await restore(numbers, Rec(2, b"a", b"6"))
    assert values(numbers) == {b"a": b"6"}


async def test_events_of_several_partitions_are_restored_each_to_its_own(numbers: Numbers) -> None:
    numbers.apply_changelog_batch(
        [
            event_of(numbers.app, changelog(Rec(0, b"a", b"1"), partition=0)),
            event_of(numbers.app, changelog(Rec(0, b"a", b"2"), partition=1)),
        ]
    )
    await numbers.on_recovery_completed(set(), set())
    assert (numbers.read(0, b"a"), numbers.read(1, b"a")) == (b"1", b"2")


async def test_the_higher_progress_is_restored_not_the_later(numbers: Numbers) -> None:
    await restore(numbers, progress(0, 300), progress(1, 200))
    assert numbers.progress(0, TOPIC_ID) == 300
    await restore(numbers, progress(2, 250))
    assert numbers.progress(0, TOPIC_ID) == 300


async def test_progress_in_a_new_topic_of_that_name_replaces_that_in_the_old(numbers: Numbers) -> None:
    await restore(numbers, progress(0, 300, "old"), progress(1, 5, "new"))
    assert numbers.progress(0, "new") == 5
    assert numbers.progress(0, "old") is None


def test_there_is_no_progress_before_anything_is_written(numbers: Numbers) -> None:
    assert numbers.progress(0, TOPIC_ID) is None


async def test_tombstones_and_records_without_key_change_nothing_but_the_offset(numbers: Numbers) -> None:
    await restore(numbers, Rec(0, b"a", b"5"))
    await restore(numbers, Rec(1, b"a", None), Rec(2, None, b"7"))
    assert values(numbers) == {b"a": b"5"}
    assert numbers.persisted_offset(TP("stock-signals-numbers-changelog", 0)) == 2


async def test_the_changelog_offset_restored_is_the_last_of_the_batch(numbers: Numbers) -> None:
    tp = TP("stock-signals-numbers-changelog", 0)
    assert numbers.persisted_offset(tp) == -1
    await restore(numbers, Rec(7, b"a", b"9"), Rec(11, b"a", b"1"))
    assert numbers.persisted_offset(tp) == 11


async def test_a_restore_that_fails_ends_the_worker(
    app: BatchApp, numbers: Numbers, monkeypatch: pytest.MonkeyPatch
) -> None:
    crashed: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()

    async def crash(error: BaseException) -> None:
        crashed.set_result(error)

    monkeypatch.setattr(app, "crash", crash)
    await restore(numbers, Rec(0, b"a", b"5"))
    with pytest.raises(ValueError):
        await restore(numbers, Rec(1, b"b", b"6"), Rec(2, b"a", b"of another version"))
    assert isinstance(await crashed, ValueError)
    assert values(numbers) == {b"a": b"5"}
    assert numbers.persisted_offset(TP("stock-signals-numbers-changelog", 0)) == 0


async def test_a_batch_goes_to_the_changelog_of_its_partition_with_its_progress(numbers: Numbers) -> None:
    sent = Sent()
    await write(numbers, {b"a": b"1", b"b": b"2"}, sent=sent, end=12)
    assert sent.records == [
        Outgoing("stock-signals-numbers-changelog", b"a", b"1", 0),
        Outgoing("stock-signals-numbers-changelog", b"b", b"2", 0),
        Outgoing("stock-signals-numbers-changelog", PROGRESS_KEY, encode_progress(TOPIC_ID, 12), 0),
    ]
    assert values(numbers) == {b"a": b"1", b"b": b"2"}
    assert numbers.progress(0, TOPIC_ID) == 12


async def test_a_batch_that_changes_nothing_still_moves_the_progress(numbers: Numbers) -> None:
    sent = Sent()
    await write(numbers, {}, sent=sent, end=12)
    assert [record.key for record in sent.records] == [PROGRESS_KEY]
    assert numbers.progress(0, TOPIC_ID) == 12


async def test_values_progress_and_changelog_offset_are_one_write(
    numbers: Numbers, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[WriteBatch] = []
    database = SimpleNamespace(write=written.append, get=lambda key: None)
    monkeypatch.setattr(private, "store_db", lambda store, partition: database)
    await write(numbers, {b"a": b"1"})
    await restore(numbers, Rec(0, b"a", b"1"), progress(1, 12))
    assert [len(write) for write in written] == [3, 3]


async def test_the_offset_written_is_the_highest_that_the_broker_gave(numbers: Numbers) -> None:
    await write(numbers, {b"a": b"1"}, sent=Sent(first_offset=40))
    assert numbers.persisted_offset(TP("stock-signals-numbers-changelog", 0)) == 41


async def test_listeners_get_the_changes_but_not_the_progress(numbers: Numbers) -> None:
    seen: list[tuple[int, bytes, bytes]] = []

    def listen(partition: int, key: bytes, value: bytes) -> None:
        assert numbers.read(partition, key) == value
        seen.append((partition, key, value))

    numbers.listeners.append(listen)
    await write(numbers, {b"a": b"1", b"b": b"2"})
    assert seen == [(0, b"a", b"1"), (0, b"b", b"2")]


async def test_readers_see_no_internals(numbers: Numbers) -> None:
    await write(numbers, {b"a": b"1"})
    assert len(list(private.store_items(numbers.data, 0))) == 3
    assert values(numbers) == {b"a": b"1"}


def damage(folder: Path) -> None:
    """Flip a bit in the middle of the only table file."""
    (file,) = folder.rglob("*.sst")
    damaged = bytearray(file.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    file.write_bytes(damaged)


async def test_a_damaged_file_is_an_error_and_not_a_smaller_table(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    first = make_numbers(BatchApp(settings))
    await write(first, {b"%03d" % number: bytes([number]) * 3000 for number in range(200)})
    private.store_db(first.data, 0).flush()
    private.store_db(first.data, 0).close()
    damage(tmp_path)
    with pytest.raises(Exception, match="Corruption: block checksum mismatch"):
        values(make_numbers(BatchApp(settings)))


async def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    first = make_numbers(BatchApp(settings))
    await write(first, {b"a": b"1"}, end=12)
    private.store_db(first.data, 0).close()
    second = make_numbers(BatchApp(settings))
    assert values(second) == {b"a": b"1"}
    assert second.progress(0, TOPIC_ID) == 12
    assert second.persisted_offset(TP("stock-signals-numbers-changelog", 0)) == 41


async def test_partitions_are_told_as_held_after_recovery_and_not_during_a_rebalance(numbers: Numbers) -> None:
    told: list[frozenset[int]] = []
    numbers.on_held.append(told.append)
    tps = {TP("stock-signals-numbers-changelog", 0), TP("stock-signals-numbers-changelog", 1)}
    await numbers.on_recovery_completed(tps, set())
    assert numbers.held == {0, 1}
    await numbers.on_rebalance(set(), set(), set())
    assert numbers.held == frozenset()
    assert told == [{0, 1}, frozenset()]


async def test_what_follows_the_table_and_fails_ends_the_worker(
    app: BatchApp, numbers: Numbers, monkeypatch: pytest.MonkeyPatch
) -> None:
    crashed: list[BaseException] = []

    async def crash(error: BaseException) -> None:
        crashed.append(error)

    def fail(partitions: frozenset[int]) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(app, "crash", crash)
    numbers.on_held.append(fail)
    with pytest.raises(RuntimeError, match="a bug"):
        await numbers.on_recovery_completed(set(), set())
    assert [str(error) for error in crashed] == ["a bug"]


def test_what_cannot_be_decoded_is_named_by_table_and_key(numbers: Numbers) -> None:
    with pytest.raises(ValueError, match=r"table numbers, key b'run\\x00AAPL': invalid literal"):
        numbers.decoding(int, b"run\x00AAPL", b"one")
    assert numbers.decoding(int, b"a", b"1") == 1


def test_a_database_takes_little_memory(numbers: Numbers) -> None:
    numbers.read(0, b"a")
    options = numbers.data.rocksdb_options  # type: ignore[attr-defined]
    assert options.write_buffer_size * options.max_write_buffer_number + options.block_cache_size <= 32 * 1024 * 1024
    assert isinstance(private.store_db(numbers.data, 0), Rdict)
    assert private.open_partitions(numbers.data) == {0}
