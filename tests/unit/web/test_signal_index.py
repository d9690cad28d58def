"""The index answers what a scan of everything would."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.key import table_key
from app.domain.records import MINUTE_MS, Action
from tables.format import UnknownFormat
from tables.row_format import row_key
from tests.unit.tables.encoding import encode_row
from tests.unit.web.made_series import START, bar, fold, folding
from tests.unit.web.scanned_table import (
    EVERYTHING,
    KEEP,
    STRATEGY,
    Table,
    actions,
    batches,
    by_number,
    names,
    partition_of,
    steps,
    times,
)
from web.reader import SignalFilter, SymbolState
from web.signal_index import SignalIndex


@settings(max_examples=300, deadline=None)
@given(
    taken=st.lists(steps, max_size=30),
    limit=st.integers(1, 60),
    actions=actions,
    transitions=st.booleans(),
    since=times,
    until=times,
    latest=st.booleans(),
    after=st.none() | st.tuples(st.integers(0, 48).map(lambda minute: START + minute * MINUTE_MS), names),
)
async def test_it_equals_a_scan_of_everything(
    taken: list[tuple[str, str, int, dict[int, float]] | tuple[str, int]],
    limit: int,
    actions: frozenset[Action],
    transitions: bool,
    since: int | None,
    until: int | None,
    latest: bool,
    after: tuple[int, str] | None,
) -> None:
    table = Table()
    for step in taken:
        if len(step) == 4:
            run_id, symbol, first, closes = step
            table.add(run_id, symbol, {first + minute: close for minute, close in closes.items()})
        elif step[0] == "give":
            table.give_away(step[1])
        else:
            table.take(step[1])
    wanted = SignalFilter(limit, actions, transitions, since, until, latest, after)
    for run_id in ("a", "b", "unknown"):
        assert await table.recent(run_id, wanted) == table.scan(run_id, wanted)
        assert await table.recent(run_id, EVERYTHING) == table.scan(run_id, EVERYTHING)
        rows = list(table.all(run_id))
        assert table.index.symbols(run_id) == sorted({symbol for symbol, _ in rows})
        newest = dict(sorted(rows, key=by_number))
        assert table.index.symbol_states(run_id) == [
            SymbolState(symbol, row.timestamp, row.action, row.number + 1) for symbol, row in sorted(newest.items())
        ]
        for symbol in ("S0", "S1"):
            kept = sum(each == symbol for each, _ in rows)
            place = partition_of(symbol), table_key(run_id, symbol), kept
            assert table.index.place(run_id, symbol) == (place if kept else None)
    assert {run.run_id: replace(run, active_at=0) for run in table.index.runs()} == table.runs()


@settings(max_examples=50, deadline=None)
@given(st.lists(batches, min_size=1, max_size=12), st.randoms(use_true_random=False))
async def test_in_whatever_order_and_however_often_it_is_told(
    written: list[tuple[str, str, int, dict[int, float]]], chance: object
) -> None:
    table = Table()
    for run_id, symbol, first, closes in written:
        table.add(run_id, symbol, {first + minute: close for minute, close in closes.items()})
    rows = [(partition, entry) for partition, entries in table.rows.items() for entry in entries.items()]
    rows += rows[::2]
    chance.shuffle(rows)  # type: ignore[attr-defined]
    told = SignalIndex(table.read, KEEP)
    for partition, entry in rows:
        told.put(partition, dict([entry]))
    for run_id in ("a", "b"):
        assert await table.recent(run_id, EVERYTHING, told) == table.scan(run_id, EVERYTHING)
    assert told.runs() == table.index.runs()


async def test_the_run_that_emitted_last_comes_first() -> None:
    table = Table()
    table.add("sooner", "X", {30: 10.0})
    table.add("later", "X", {0: 10.0})
    assert [run.run_id for run in table.index.runs()] == ["later", "sooner"]
    table.add("sooner", "X", {31: 10.0})
    assert [run.run_id for run in table.index.runs()] == ["sooner", "later"]


async def test_the_origin_is_that_of_the_row_written_last() -> None:
    table = Table()
    table.add("run", "X", {0: 10.0}, partition=0)
    table.add("run", "Y", {0: 10.0}, partition=1)
    live = bar("run", "X", START + MINUTE_MS, 11.0, "live")
    (row,) = fold(folding(STRATEGY), [live], table.now_ms + 1)
    entry = {row_key(table_key("run", "Z"), 0): encode_row(row)}
    table.rows[2].update(entry)
    table.index.put(2, entry)
    assert [run.origin for run in table.index.runs()] == ["live"]
    table.give_away(2)
    assert [run.origin for run in table.index.runs()] == ["replay"]


async def test_a_partition_that_is_given_away_is_forgotten() -> None:
    table = Table()
    table.add("a", "X", dict.fromkeys(range(5), 10.0), partition=0)
    table.add("a", "Y", dict.fromkeys(range(7), 10.0), partition=1)
    table.add("b", "Z", {0: 10.0}, partition=0)
    table.give_away(0)
    assert [(run.run_id, run.symbols, run.signals) for run in table.index.runs()] == [("a", 1, 7)]
    assert table.index.runs()[0].newest_bar == START + 6 * MINUTE_MS
    assert table.index.place("a", "X") is None
    assert table.index.partition_of("X") is None
    total, found, _ = await table.recent("a", EVERYTHING)
    assert (total, {symbol for symbol, _ in found}) == (7, {"Y"})


async def test_a_symbol_is_known_wherever_its_producer_put_it() -> None:
    table = Table()
    table.add("run", "X", {0: 10.0}, partition=7)
    assert table.index.partition_of("X") == 7
    assert table.index.place("run", "X") == (7, table_key("run", "X"), 1)
    assert table.index.partition_of("Y") is None


def test_a_value_of_another_version_is_an_error() -> None:
    with pytest.raises(UnknownFormat, match="version 99"):
        Table().index.put(0, {row_key(b"run\x00X", 0): bytes([99]) + bytes(200)})
