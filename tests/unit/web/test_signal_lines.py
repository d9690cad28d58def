"""Lines made of many rows at once say what those made of one signal do, and they are of the newest rows."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.row import Row
from tables.row_format import decode_row
from tests.unit.tables.encoding import packed
from tests.unit.web.made_series import STRATEGY, pullback, series
from tests.unit.web.scanned_table import Table, batches, by_number
from web.signal_lines import FEW, line_of, lines_of


def test_columns_say_what_one_signal_after_another_does() -> None:
    split = [*pullback(FEW), *[10.0] * 60]
    every = [
        series("run", "AAPL", pullback(FEW + 20)),
        series("run", 'B"\\\u00e9', split, origin="synthetic"),
        series("run", "FEW", pullback(FEW - 20)),
    ]
    for each in every:
        rows, count = packed(each.rows), len(each.rows)
        provenances = [row.provenance for row in each.rows]
        lines = lines_of(rows, each.run_id, [each.symbol] * count, provenances, STRATEGY)
        expected = [line_of(signal) for signal in reversed(each.signals())]
        assert [line[:3] for line in lines] == [line[:3] for line in expected]
        # A whole number of a float has a point in both: 10.0 equals 10, and its repr does not.
        assert [repr(json.loads(line.json)) for line in lines] == [repr(json.loads(line.json)) for line in expected]


async def newest(table: Table, run_id: str, symbols: frozenset[str] | None) -> dict[str, Row]:
    parts = [part async for part in table.search.newest(run_id, symbols)]
    return {symbol: decode_row(value) for part in parts for symbol, value in part}


@settings(max_examples=60, deadline=None)
@given(st.lists(batches, max_size=15), st.integers(0, 2))
async def test_the_newest_rows_are_known_without_the_table(
    written: list[tuple[str, str, int, dict[int, float]]], given_away: int
) -> None:
    table = Table()
    for run_id, symbol, first, closes in written:
        table.add(run_id, symbol, {first + at: close for at, close in closes.items()})
    table.give_away(given_away)
    for run_id in ("a", "unknown"):
        expected = dict(sorted(table.all(run_id), key=by_number))
        assert await newest(table, run_id, None) == expected
        some = frozenset({"S1", "S2", "X"})
        wanted = {symbol: row for symbol, row in expected.items() if symbol in some}
        assert await newest(table, run_id, some) == wanted
