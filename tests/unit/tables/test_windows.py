"""The table of windows, with a real RocksDB."""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.domain.key import table_key
from app.domain.row import Row
from app.domain.strategy import Strategy
from app.engine import private
from app.engine.checkpoint import CHECKPOINT_KEY, Checkpoint, encode_checkpoint
from app.engine.errors import OperatorError, UnreadableState
from tables.row_format import VERSION
from tables.windows import MOST_CACHED, StateDiffers, WindowsTable
from tests.bars import TOPIC_ID, make_bar, series
from tests.unit.domain.pipeline import SERIES, Pipeline, contents, window_of
from tests.unit.records import ROW
from tests.unit.tables.encoding import packed
from tests.unit.tables.memory_table import TINY, make_app

KEEP = 7
OTHER = table_key("replay-2024-11-14-0a1b2c3d", "AAPLE")


def make_table(data_dir: Path, strategy: Strategy = TINY, keep_bars: int = KEEP) -> WindowsTable:
    return WindowsTable(
        make_app(data_dir), strategy=strategy, keep_bars=keep_bars, source_topic="stocks.raw.avro", partitions=2
    )


@pytest.fixture
async def table(tmp_path: Path) -> WindowsTable:
    made = make_table(tmp_path)
    made.activate(frozenset({0, 1}))
    return made


def rows_of(count: int, first: int = 0) -> list[Row]:
    return [
        ROW._replace(
            number=number, bars_seen=number + 1, timestamp=make_bar(number, 1.0)["timestamp"], strategy=TINY.name
        )
        for number in range(first, first + count)
    ]


def store(table: WindowsTable, rows: list[Row], series: bytes = SERIES, partition: int = 0) -> None:
    entries = table.entries([series] * len(rows), packed(rows), [row.provenance for row in rows])
    table.restore(partition, entries, 0)


@pytest.mark.parametrize("keep", [6, 7, 20])
async def test_late_bars_move_the_ring(tmp_path: Path, keep: int) -> None:
    chance = random.Random(keep)
    table, pipeline = make_table(tmp_path, keep_bars=keep), Pipeline(TINY, keep_bars=keep)
    minute = 0
    for _ in range(60):
        minute += chance.choice([1, 2, 3])
        pipeline.fold([make_bar(minute - chance.choice([0, 0, 1, 2, 3]), 10.0 + chance.random())])
        table.restore(0, pipeline.table.rows, 0)
        expected = pipeline.table.by_number(SERIES)
        assert table.newest(0, SERIES, keep) == expected
        assert table.newest(0, SERIES, 3) == expected[-3:]
        table.forget(0)
        assert contents(window_of(table)) == contents(pipeline.window())


async def test_partitions_do_not_share_rows(table: WindowsTable) -> None:
    store(table, rows_of(3), partition=0)
    store(table, rows_of(5), partition=1)
    assert [len(table.newest(partition, SERIES, KEEP)) for partition in (0, 1)] == [3, 5]


async def test_a_window_is_loaded_once_and_then_goes_on_in_memory(table: WindowsTable) -> None:
    store(table, rows_of(5))
    windows, places = table.load(0, [SERIES, OTHER])
    assert windows.counts[places].tolist() == [5, 0]
    put_one_more(table)
    again, [place] = table.load(0, [SERIES])
    assert (again, place) == (windows, places[0])
    assert window_of(table).memory.bars == 6
    assert window_of(table, partition=1).memory.bars == 0


def put_one_more(table: WindowsTable, partition: int = 0) -> None:
    """As a batch does, ahead of the table."""
    windows, places = table.load(partition, [SERIES])
    windows.put(places, packed(rows_of(1, int(windows.counts[places[0]]))))


@pytest.mark.parametrize(
    "forget",
    [
        lambda table: table.forget(0),
        lambda table: [listener(0) for listener in table.on_dropped],
        lambda table: table.activate(frozenset({0})),
    ],
    ids=["asked", "batch dropped", "assignment"],
)
async def test_what_memory_says_is_forgotten(table: WindowsTable, forget: Callable[[WindowsTable], Any]) -> None:
    store(table, rows_of(5))
    put_one_more(table)
    forget(table)
    assert window_of(table).memory.bars == 5


async def test_a_dropped_batch_is_forgotten_in_its_partition_alone(table: WindowsTable) -> None:
    put_one_more(table, 1)
    table.forget(0)
    assert window_of(table, partition=1).memory.bars == 1


async def test_few_windows_stay_in_memory(table: WindowsTable) -> None:
    """All partitions share the room: with so many of them there is one window for each."""
    table.activate(frozenset(range(MOST_CACHED)))
    store(table, rows_of(5))
    put_one_more(table)
    _, places = table.load(0, [SERIES, OTHER])
    assert len(set(places.tolist())) == 2, "a batch gets all of its windows"
    table.load(0, [OTHER])
    assert table.room(0) == 0
    assert window_of(table).memory.bars == 5, "that used longest ago has gone, and is read again"


async def test_a_window_read_ahead_is_kept_unless_there_is_one(table: WindowsTable) -> None:
    for count in (3, 4):
        store(table, rows_of(count))
        store(table, rows_of(count), OTHER)
        table.keep(0, table.newest_rows(0, [SERIES, OTHER]), without=[OTHER] if count == 3 else [])
    assert window_of(table).memory.bars == 3
    store(table, rows_of(5), OTHER)
    assert window_of(table, OTHER).memory.bars == 4


async def test_there_is_room_for_so_many_windows_in_all_partitions_together(table: WindowsTable) -> None:
    table.activate(frozenset({0, 1}))
    assert table.room(0) == table.room(1) == MOST_CACHED // 2
    table.keep(0, table.newest_rows(0, [SERIES]))
    assert table.room(0) == MOST_CACHED // 2 - 1
    table.activate(frozenset(range(MOST_CACHED)))
    table.load(0, [SERIES, OTHER])
    assert table.room(0) == 0


def checkpoint(table: WindowsTable) -> dict[bytes, bytes]:
    return {CHECKPOINT_KEY: encode_checkpoint(Checkpoint(TOPIC_ID, 7, table.state_text))}


async def test_state_of_these_settings_is_continued(tmp_path: Path) -> None:
    table = make_table(tmp_path)
    table.check(0)
    table.restore(0, checkpoint(table), 0)
    table.check(0)
    # Room for late bars may change: the rows have all that is needed.
    table._check_state(make_table(tmp_path, replace(TINY, late_bars=1)).state_text)


@pytest.mark.parametrize(
    ("strategy", "keep_bars", "says"),
    [
        (replace(TINY, slow=5), KEEP, ["sma2-sma5-rsi3", "sma2-sma4-rsi3", "APP_ID", "DATA_DIR"]),
        (replace(TINY, rsi_period=2), KEEP, ["rsi2", "rsi3", "APP_ID"]),
        (replace(TINY, buy_below=25.0), KEEP, ["25-70", "30-70", "APP_ID"]),
        (TINY, KEEP + 1, ["KEEP_BARS is 7", "8 bars", "set it back", "stocks tables rebuild"]),
    ],
)
async def test_state_of_others_is_refused_and_says_how_to_mend_it(
    tmp_path: Path, table: WindowsTable, strategy: Strategy, keep_bars: int, says: list[str]
) -> None:
    table.restore(0, checkpoint(make_table(tmp_path, strategy, keep_bars)), 0)
    with pytest.raises(StateDiffers) as refused:
        table.check(0)
    assert [part for part in ["windows", *says] if part not in str(refused.value)] == []
    assert isinstance(refused.value, OperatorError)


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (f'{{"rows": {VERSION + 1}, "keep_bars": 7, "strategy": "s"}}', rf"version {VERSION + 1}.*version {VERSION}\b"),
        ("", "says nothing of its rows"),
        ("[]", "says nothing of its rows"),
        ('{"rows": "x"}', "says nothing of its rows"),
    ],
)
async def test_state_of_a_newer_program_or_of_none_is_refused(table: WindowsTable, state: str, says: str) -> None:
    table.restore(0, {CHECKPOINT_KEY: encode_checkpoint(Checkpoint(TOPIC_ID, 7, state))}, 0)
    with pytest.raises(StateDiffers, match=says):
        table.check(0)


async def test_a_table_of_the_first_release_is_refused_and_says_how_to_go_on(table: WindowsTable) -> None:
    table.restore(0, {CHECKPOINT_KEY: b"\x01" + bytes(20)}, 0)
    with pytest.raises(UnreadableState, match=r"version 0\.1.*stocks tables rebuild"):
        table.check(0)


async def test_rows_are_there_after_a_restart(tmp_path: Path) -> None:
    first, pipeline = make_table(tmp_path), Pipeline(TINY, keep_bars=KEEP)
    pipeline.feed(series([10.0, 11.0, 9.0, 12.0, 10.5, 11.5, 10.0, 9.5, 9.0]))
    first.restore(0, pipeline.table.rows, 0)
    private.store_db(first.data, 0).close()
    again = make_table(tmp_path)
    assert contents(window_of(again)) == contents(pipeline.window())
