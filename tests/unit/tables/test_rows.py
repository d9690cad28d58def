"""The table's rows, with a real RocksDB."""

from pathlib import Path
from typing import Any

import pytest

from app.domain.key import table_key
from app.domain.row import Row
from app.engine.errors import UnreadableState
from tables.row_format import row_key
from tables.windows import WindowsTable
from tests.unit.domain.pipeline import SERIES
from tests.unit.records import ROW
from tests.unit.tables.encoding import encode_row
from tests.unit.tables.test_windows import KEEP, OTHER, make_table, rows_of, store


@pytest.fixture
async def table(tmp_path: Path) -> WindowsTable:
    made = make_table(tmp_path)
    made.activate(frozenset({0, 1}))
    return made


async def test_the_newest_rows_are_found_however_full_the_ring_is(table: WindowsTable) -> None:
    assert table.newest(0, SERIES, 5) == []
    rows = rows_of(3 * KEEP + 2)
    # Of its neighbours nothing must be seen.
    store(table, rows_of(3), OTHER)
    store(table, rows_of(30, 5), table_key("replay-2024-11-14-0a1b2c3d", "AAP"))
    for end in range(1, len(rows) + 1):
        store(table, rows[end - 1 : end])
        kept = rows[max(0, end - KEEP) : end]
        for count in range(1, KEEP + 2):
            assert table.newest(0, SERIES, count) == kept[-count:]
    assert len(list(table.series(0, SERIES))) == KEEP


async def test_newest_rows_of_many_series_stand_one_behind_another(table: WindowsTable) -> None:
    many = table_key("live", "ZZZ")
    store(table, rows_of(2))
    store(table, rows_of(3 * KEEP), many)
    found = table.newest_rows(0, [OTHER, SERIES, many, OTHER])
    assert found.counts.tolist() == [0, 2, table.strategy.window, 0]
    assert found.rows["number"].tolist() == [0, 1, *range(3 * KEEP - table.strategy.window, 3 * KEEP)]
    assert found.provenances.tolist() == [ROW.provenance] * len(found.rows)
    assert table.newest_rows(0, []).rows.tolist() == []


@pytest.mark.parametrize("count", [1, KEEP - 1, KEEP, KEEP + 1, 2 * KEEP - 1, 2 * KEEP])
async def test_newest_rows_are_found_however_full_the_ring_is(table: WindowsTable, count: int) -> None:
    store(table, rows_of(count))
    found = table.newest_rows(0, [SERIES])
    assert found.rows["number"].tolist() == list(range(max(0, count - table.strategy.window), count))


def damaged(**changes: Any) -> list[Row]:
    rows = rows_of(5)
    rows[2] = rows[2]._replace(**changes)
    return rows


@pytest.mark.parametrize(
    ("rows", "slot", "says"),
    [
        (damaged(close=-1.0), 2, "price"),
        (damaged(timestamp=rows_of(1)[0].timestamp), 2, "bar 2 is not later than bar 1"),
        (rows_of(12) + rows_of(4)[3:], 4, "it is bar 11 where bar 4 should be"),
        (rows_of(5)[:2] + rows_of(5)[3:], 4, "4 rows of the 5"),
        (rows_of(30)[26:], 3, "there is no row"),
    ],
    ids=["price", "time", "number", "hole", "missing"],
)
@pytest.mark.parametrize("before", [0, 3])
async def test_rows_that_cannot_be_continued_are_named(
    table: WindowsTable, rows: list[Row], slot: int, says: str, before: int
) -> None:
    sound = [table_key("live", f"A{number}") for number in range(before)]
    for each in sound:
        store(table, rows_of(4), each)
    store(table, rows)
    with pytest.raises(UnreadableState, match=rf"table windows, key .*AAPL.*x0{slot}'.*{says}"):
        table.newest_rows(0, [*sound, OTHER, SERIES])


async def test_a_row_of_an_unknown_version_is_named_by_table_key_and_version(table: WindowsTable) -> None:
    store(table, rows_of(5))
    store(table, rows_of(5), OTHER)
    key = row_key(SERIES, 3)
    table.restore(0, {key: b"\x09" + encode_row(ROW)[1:]}, 0)
    with pytest.raises(UnreadableState, match=r"table windows, key .*AAPL.*x03'.*version 9"):
        table.newest_rows(0, [OTHER, SERIES])
