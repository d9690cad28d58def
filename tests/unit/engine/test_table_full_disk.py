from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from faust.stores import rocksdb
from faust.types import TP

from app.engine import private
from app.engine.app import BatchApp
from app.engine.errors import StoreFull
from app.engine.table import BatchTable
from tests.integration.small_disk import SmallDisk, small_disk
from tests.unit.engine.made import CHANGELOG, make_numbers, make_options


class FullDisk:
    """A database on a disk that is full, as RocksDB says it; tests/integration/test_full_disk.py has a real one."""

    def __init__(self, message: str) -> None:
        self.message = message

    def get(self, key: bytes) -> bytes | None:
        return None

    def write(self, *_: object) -> None:
        raise Exception(self.message)  # As rocksdict does.


def test_a_full_disk_is_told_from_what_no_waiting_mends(numbers: BatchTable) -> None:
    full = FullDisk("IO error: No space left on device: While appending to file: 000008.sst: No space left on device")
    cast(Any, numbers.data)._dbs[0] = full
    writes: list[Callable[[], None]] = [
        lambda: numbers.restore(0, {}, 1),
        lambda: numbers.reset(0),
        lambda: numbers.check_room(0),
    ]
    for write in writes:
        with pytest.raises(StoreFull, match=r"the disk of the data folder .*/data is full: free some room there"):
            write()
    full.message = "IO error: While appending to file: 000008.sst: Input/output error"
    with pytest.raises(Exception, match="Input/output error") as caught:
        numbers.restore(0, {}, 1)
    assert not isinstance(caught.value, StoreFull)


def test_looking_for_room_changes_nothing(numbers: BatchTable) -> None:
    numbers.check_room(0)
    assert numbers.changelog_position(0) == 0
    numbers.restore(0, {b"a": b"1"}, 7)
    numbers.check_room(0)
    assert (numbers.changelog_position(0), dict(numbers.scan(0))) == (7, {b"a": b"1"})


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallDisk | None]:
    with small_disk(tmp_path / "disk", megabytes=2) as made:
        yield made


class FullStore(rocksdb.Store):
    """Faust's store on a disk without room for a database, until there is some."""

    is_full = True

    def _open_for_partition(self, partition: int) -> Any:
        if self.is_full:
            raise Exception("IO error: No space left on device: While appending to file: MANIFEST-000001")
        return super()._open_for_partition(partition)


class TableOnFullDisk(BatchTable):
    """A table with such a store."""

    def _new_store(self) -> Any:
        conf: Any = self.app.conf
        return FullStore(
            conf.store,
            self.app,
            self,
            table_name=self.name,
            key_type=self.key_type,
            value_type=self.value_type,
            options=self.options,
        )


async def test_a_partition_that_comes_while_the_disk_is_full_waits_for_room(app: BatchApp) -> None:
    numbers = make_numbers(app, TableOnFullDisk)
    changelog = {TP(CHANGELOG, 0)}
    await numbers.on_rebalance(changelog, set(), changelog)
    for opening in (lambda: numbers.changelog_position(0), lambda: numbers.restore(0, {}, 1)):
        with pytest.raises(StoreFull, match="is full: free some room there"):
            opening()
    cast(FullStore, numbers.data).is_full = False
    assert numbers.changelog_position(0) == 0
    numbers.restore(0, {b"a": b"1"}, 7)
    assert numbers.read(0, b"a") == b"1"


def test_what_a_full_disk_leaves_of_a_new_database_can_be_opened_when_there_is_room(
    small: SmallDisk | None,
) -> None:
    if small is None:
        return
    numbers = make_numbers(BatchApp(make_options(small.path)))
    small.fill()
    with pytest.raises(StoreFull):
        numbers.restore(0, {b"a": b"1"}, 7)
    small.free()
    numbers.restore(0, {b"a": b"1"}, 7)
    assert (dict(numbers.scan(0)), numbers.changelog_position(0)) == ({b"a": b"1"}, 7)
    private.store_db(numbers.data, 0).close()
