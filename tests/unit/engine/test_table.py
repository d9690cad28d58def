import subprocess
import sys
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from faust.types import TP

from app.engine import private
from app.engine.app import BatchApp
from app.engine.checkpoint import CHECKPOINT_KEY, Checkpoint, encode_checkpoint
from app.engine.errors import OperatorError, UnreadableState
from app.engine.table import TABLE_BYTES, BatchTable, rocksdb_options
from tests.unit.engine import table_writer
from tests.unit.engine.made import CHANGELOG, TOPIC_ID, make_numbers, make_options

#: More than a memtable holds.
MUCH = 9_000


def rows(numbers: BatchTable, partition: int = 0) -> dict[bytes, bytes]:
    return dict(numbers.scan(partition))


def checkpoint(offset: int, state: str = "", topic_id: str = TOPIC_ID) -> dict[bytes, bytes]:
    return {CHECKPOINT_KEY: encode_checkpoint(Checkpoint(topic_id, offset, state))}


def close(numbers: BatchTable, partition: int = 0) -> None:
    private.store_db(numbers.data, partition).close()


def test_a_table_knows_its_changelog_and_leaves_nothing_to_faust(numbers: BatchTable) -> None:
    assert numbers.changelog_name == CHANGELOG
    assert numbers.persisted_offset(TP(CHANGELOG, 0)) == -1


def test_rows_are_written_and_deleted_with_their_position(numbers: BatchTable) -> None:
    numbers.restore(0, {b"a": b"1", b"b": b"2"}, 7)
    numbers.restore(0, {b"a": None, b"c": b"3", b"none": None}, 9)
    assert rows(numbers) == {b"b": b"2", b"c": b"3"}
    assert (numbers.read(0, b"b"), numbers.read(0, b"a")) == (b"2", None)
    assert numbers.changelog_position(0) == 9


def test_each_partition_has_rows_and_a_position_of_its_own(numbers: BatchTable) -> None:
    numbers.restore(0, {b"a": b"1"}, 5)
    numbers.restore(1, {b"a": b"2"}, 8)
    assert (rows(numbers, 0), rows(numbers, 1)) == ({b"a": b"1"}, {b"a": b"2"})
    assert (numbers.changelog_position(0), numbers.changelog_position(1)) == (5, 8)


def test_a_position_alone_is_written_too(numbers: BatchTable) -> None:
    assert numbers.changelog_position(0) == 0
    numbers.restore(0, {}, 12)
    assert (numbers.changelog_position(0), rows(numbers)) == (12, {})


def test_a_reset_forgets_rows_checkpoint_and_position_of_one_partition(numbers: BatchTable) -> None:
    for partition in (0, 1):
        numbers.restore(partition, {b"run\x00A": b"1", "straße".encode(): b"2"} | checkpoint(3), 7)
    numbers.reset(0)
    assert (rows(numbers), numbers.checkpoint(0), numbers.changelog_position(0)) == ({}, None, 0)
    assert len(rows(numbers, 1)) == 2
    assert (numbers.source_offset(1, TOPIC_ID), numbers.changelog_position(1)) == (3, 7)


def test_a_scan_is_in_the_order_of_keys_and_hides_what_is_the_engines(numbers: BatchTable) -> None:
    numbers.restore(0, {b"b": b"2", b"a\x00z": b"1", b"a": b"0", "ü".encode(): b"3"} | checkpoint(1), 7)
    assert list(numbers.scan(0)) == [(b"a", b"0"), (b"a\x00z", b"1"), (b"b", b"2"), ("ü".encode(), b"3")]


def test_a_scan_has_bounds(numbers: BatchTable) -> None:
    numbers.restore(0, {b"%d" % number: b"" for number in range(10)}, 7)
    assert [key for key, _ in numbers.scan(0, b"3", b"7")] == [b"3", b"4", b"5", b"6"]
    assert [key for key, _ in numbers.scan(0, b"8")] == [b"8", b"9"]
    assert list(numbers.scan(0, b"x")) == []


def test_a_scan_shows_the_rows_as_they_were_when_it_began(numbers: BatchTable) -> None:
    numbers.restore(0, {b"%d" % number: b"old" for number in range(10)}, 7)
    scan = numbers.scan(0)
    begun = list(islice(scan, 3))
    numbers.restore(0, {b"%d" % number: b"new" for number in range(20)} | {b"5": None}, 8)
    assert dict(begun + list(scan)) == {b"%d" % number: b"old" for number in range(10)}


@pytest.mark.parametrize("found", [None, 42])
def test_reading_goes_on_at_the_checkpoint_of_the_topic_of_that_id(numbers: BatchTable, found: int | None) -> None:
    assert (numbers.checkpoint(0), numbers.source_offset(0, TOPIC_ID)) == (None, None)
    numbers.restore(0, checkpoint(42, topic_id=TOPIC_ID if found else "a topic that was deleted"), 7)
    assert numbers.source_offset(0, TOPIC_ID) == found


def test_the_state_that_is_found_is_checked(app: BatchApp) -> None:
    checked: list[str] = []

    def check(state: str) -> None:
        checked.append(state)
        raise OperatorError("made with other settings")

    numbers = make_numbers(app, state_text="sma:20,50", check_state=check)
    numbers.check(0)
    assert checked == [], "there is none yet"
    numbers.restore(0, checkpoint(5, "sma:10,30"), 7)
    with pytest.raises(OperatorError, match="other settings"):
        numbers.check(0)
    assert checked == ["sma:10,30"]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (b"\x01" + bytes(8) + b"abc", r"version 0\.1, whose tables this version does not read: rebuild it$"),
        (b"\x09" + bytes(12), "format version 9"),
        (b"\x02", "cut off"),
    ],
)
def test_a_checkpoint_that_cannot_be_read_is_named_by_table_and_key(app: BatchApp, value: bytes, why: str) -> None:
    numbers = make_numbers(app, old_state_hint=": rebuild it")
    numbers.restore(0, {CHECKPOINT_KEY: value}, 7)
    for read in (numbers.checkpoint, numbers.check, lambda partition: numbers.source_offset(partition, TOPIC_ID)):
        with pytest.raises(UnreadableState, match=rf"^table numbers, key b'\\x00progress': .*{why}"):
            read(0)


def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    first = make_numbers(BatchApp(make_options(tmp_path)))
    first.restore(0, {b"a": b"1"} | checkpoint(12), 41)
    close(first)
    second = make_numbers(BatchApp(make_options(tmp_path)))
    assert rows(second) == {b"a": b"1"}
    assert (second.source_offset(0, TOPIC_ID), second.changelog_position(0)) == (12, 41)


def test_a_kill_leaves_an_older_state_that_fits_its_position(tmp_path: Path) -> None:
    # There is no write-ahead log: what was in memory is lost, and the changelog has it.
    command = [sys.executable, "-m", table_writer.__name__, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        written = next(number for line in writer.stdout if (number := int(line)) >= MUCH)
        writer.kill()
    numbers = make_numbers(BatchApp(make_options(tmp_path)))
    position = numbers.changelog_position(0)
    assert 0 < position < written + 1000
    assert rows(numbers) == table_writer.rows_at(position)
    numbers.restore(0, {b"a": b"1"}, position + 1)
    assert numbers.changelog_position(0) == position + 1


def test_a_damaged_file_is_an_error_and_not_a_smaller_table(tmp_path: Path) -> None:
    first = make_numbers(BatchApp(make_options(tmp_path)))
    first.restore(0, {b"%03d" % number: bytes([number]) * 3000 for number in range(200)}, 7)
    close(first)
    (file,) = tmp_path.rglob("*.sst")
    damaged = bytearray(file.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    file.write_bytes(damaged)
    second = make_numbers(BatchApp(make_options(tmp_path)))
    with pytest.raises(Exception, match="Corruption: block checksum mismatch"):
        rows(second)


async def test_during_a_rebalance_nothing_is_active_and_readers_end_before_databases_close(
    numbers: BatchTable,
) -> None:
    told: list[object] = []
    numbers.restore(0, {b"a": b"1"}, 7)
    numbers.on_assignment.append(lambda partitions: told.append(set(partitions)))

    async def ended() -> None:
        told.append(numbers.read(0, b"a"))

    numbers.before_close.append(ended)
    numbers.activate(frozenset({0, 1}))
    assert numbers.active == {0, 1}
    changelog = {TP(CHANGELOG, 0)}
    await numbers.on_rebalance(set(), changelog, set())
    assert numbers.active == frozenset()
    assert told == [{0, 1}, set(), b"1"]


def test_all_databases_together_have_a_bound() -> None:
    for partitions in (1, 2, 8, 16):
        options: Mapping[str, int] = rocksdb_options(partitions)
        each = options["write_buffer_size"] * options["max_write_buffer_number"] + options["block_cache_size"]
        assert partitions * each <= TABLE_BYTES


def test_the_bound_reaches_rocksdb(numbers: BatchTable) -> None:
    options = numbers.data.rocksdb_options  # type: ignore[attr-defined]
    assert options.write_buffer_size == rocksdb_options(2)["write_buffer_size"]


async def test_a_store_that_cannot_be_opened_for_another_reason_is_an_error(numbers: BatchTable) -> None:
    numbers.restore(0, {b"a": b"1"}, 7)
    close(numbers)
    store: Any = numbers.data
    store.revoke_partitions(numbers, {TP(CHANGELOG, 0)})
    (store.partition_path(0) / "CURRENT").write_bytes(b"")
    changelog = {TP(CHANGELOG, 0)}
    with pytest.raises(Exception, match="Corruption"):
        await numbers.on_rebalance(changelog, set(), changelog)
