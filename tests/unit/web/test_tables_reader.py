"""The API's reader over a real table in RocksDB, of a worker that never starts."""

import asyncio
import json
from collections.abc import Sequence
from itertools import product, starmap
from pathlib import Path
from typing import Any

import pytest
from faust.types import TP

from app.build import StocksApp
from app.calendar.sessions import session_gap
from app.domain.records import MINUTE_MS, Bar
from app.domain.row import Row
from app.engine.batch import Batch
from app.engine.errors import UnreadableState
from app.sources.timestamps import parse_timestamp
from tables.row_format import row_key
from tests.unit.engine.made import Rec
from tests.unit.web.fake import page
from tests.unit.web.hurried import hurried
from tests.unit.web.made_series import START, MadeSeries, bar, fold, folding, pullback, series
from tests.unit.web.unstarted_worker import HERE, KEEP, THERE, take, working, write
from web.give_way import BURST_RECORDS
from web.reader import Position, SignalFilter, SignalPage, SymbolBars
from web.signal_lines import line_of

EVERYTHING = SignalFilter(10_000)


async def test_every_signal_that_is_kept_newest_first(worker: StocksApp) -> None:
    long, short = series("run", HERE, pullback(250)), series("run", "GOOGL", pullback(70))
    write(worker, 1, long, short)
    reader = await take(worker, 0, 1)
    kept = [line_of(signal) for signal in long.signals()[:KEEP]]
    assert await reader.signals("run", HERE, EVERYTHING) == SignalPage(KEEP, kept)
    assert await reader.signals("run", HERE, SignalFilter(3)) == SignalPage(
        KEEP, kept[:3], next=(kept[2].timestamp, HERE)
    )
    assert await reader.recent("run", SignalFilter(1)) == SignalPage(
        KEEP + 70, kept[:1], next=(kept[0].timestamp, HERE)
    )
    assert reader.symbols("run") == [HERE, "GOOGL"]
    assert (reader.knows("run", HERE), reader.knows("run", "X")) == (True, False)
    assert await reader.signals("run", "X", EVERYTHING) == SignalPage(0, [])
    assert await reader.recent("other", EVERYTHING) == SignalPage(0, [])


async def test_filters_equal_brute_force(worker: StocksApp) -> None:
    long = series("run", HERE, pullback(250))
    write(worker, 1, long)
    reader = await take(worker, 1)
    limits = (1, 2, 1000)
    actions: Sequence[frozenset[Any]] = (frozenset(), frozenset({"BUY"}), frozenset({"HOLD", "BUY"}))
    since = (None, START + 245 * MINUTE_MS)
    until = (None, START + 248 * MINUTE_MS)
    # In one test, as a worker costs far more than a question to it.
    for wanted in starmap(SignalFilter, product(limits, actions, (False, True), since, until)):
        expected = page(long.signals()[:KEEP], wanted)
        assert await reader.signals("run", HERE, wanted) == expected, wanted
        assert told(await reader.recent("run", wanted)) == told(expected), wanted


def told(page: SignalPage) -> SignalPage:
    """What its JSON says: that may write the same number in two ways."""
    return page._replace(lines=[each._replace(json=repr(json.loads(each.json)).encode()) for each in page.lines])


async def test_a_list_with_made_up_prices_says_so(worker: StocksApp) -> None:
    write(worker, 1, series("run", HERE, [1.0]), series("made", "GOOGL", [1.0], origin="synthetic"))
    reader = await take(worker, 1)
    for run_id, symbol, is_synthetic in (("run", HERE, False), ("made", "GOOGL", True)):
        assert (await reader.signals(run_id, symbol, EVERYTHING)).synthetic is is_synthetic
        assert (await reader.recent(run_id, EVERYTHING)).synthetic is is_synthetic


async def test_a_list_of_all_symbols_gives_way_to_a_burst_in_hand(worker: StocksApp) -> None:
    write(worker, 1, series("run", HERE, [1.0]))
    await take(worker, 1)
    in_hand = worker.processor._in_hand
    in_hand.take(Batch(TP("raw", 0), [Rec(0)] * BURST_RECORDS, 0, BURST_RECORDS, epoch=1))
    asking = asyncio.create_task(worker.reader.recent("run", EVERYTHING))
    assert (await worker.reader.signals("run", HERE, EVERYTHING)).total == 1
    await asyncio.sleep(0.02)
    assert not asking.done()
    in_hand.finish(Batch(TP("raw", 0), [], 0, 0, epoch=1))
    assert (await asking).total == 1


async def test_what_a_batch_changes_is_shown_at_once(worker: StocksApp) -> None:
    reader = await take(worker, 0, 1)
    assert reader.runs() == []
    write(worker, 1, series("run", HERE, [1.0, 2.0]))
    write(worker, 1, series("run", HERE, [1.0, 3.0, 4.0]))
    found = await reader.signals("run", HERE, EVERYTHING)
    assert [json.loads(line.json)["close"] for line in found.lines] == [4.0, 3.0, 1.0]
    assert [(run.run_id, run.symbols, run.signals) for run in reader.runs()] == [("run", 1, 3)]


async def test_bars_reach_back_as_far_as_they_are_kept(worker: StocksApp) -> None:
    long = series("run", HERE, pullback(250))
    write(worker, 1, long)
    reader = await take(worker, 1)
    assert await reader.bars("run", HERE, 10_000) == SymbolBars(
        list(long.rows[-KEEP:]), None, Position("stocks.raw.avro", "topic-id", 1, 41)
    )
    assert (await reader.bars("run", HERE, 5)).rows == list(long.rows[-5:])
    assert await reader.bars("run", "X", 5) == SymbolBars([], None, None)


@pytest.mark.parametrize(("bars_after", "kept"), [(3, True), (KEEP - 1, True), (KEEP, False)])
async def test_where_a_split_began_the_series_while_that_row_is_kept(
    worker: StocksApp, bars_after: int, kept: bool
) -> None:
    rows = after_a_split(bars_after)
    write(worker, 1, MadeSeries("run", HERE, rows))
    reader = await take(worker, 1)
    (split,) = [row for row in rows if row.split]
    assert (await reader.bars("run", HERE, 1)).series_start == (split if kept else None)


async def test_a_partition_given_away_is_shown_no_more_and_again_when_it_comes_back(worker: StocksApp) -> None:
    write(worker, 1, series("run", HERE, [1.0]))
    write(worker, 0, series("run", THERE, [1.0, 2.0]))
    reader = await take(worker, 0, 1)
    assert reader.symbols("run") == [HERE, THERE]
    assert [each.here for each in reader.owners()] == [True, True]
    assert (reader.partition_of(HERE), reader.partition_of(THERE)) == (1, 0)
    await take(worker, 0)
    assert reader.symbols("run") == [THERE]
    assert await reader.signals("run", HERE, EVERYTHING) == SignalPage(0, [])
    assert [(each.here, each.owner is None) for each in reader.owners()] == [(True, False), (False, True)]
    assert (reader.partition_of(HERE), reader.run_origin("run")) == (1, "replay")
    before = reader.assignment
    await take(worker)
    assert (reader.runs(), reader.run_origin("run")) == ([], None)
    assert reader.assignment != before
    await take(worker, 0, 1)
    assert reader.symbols("run") == [HERE, THERE]


async def test_a_symbol_that_its_producer_put_on_another_partition_is_here(worker: StocksApp) -> None:
    write(worker, 0, series("run", HERE, [1.0]))
    reader = await take(worker, 0)
    assert reader.partition_of(HERE) == 0
    assert (await reader.signals("run", HERE, EVERYTHING)).total == 1


def test_reading_ends_when_the_partition_goes_meanwhile(tmp_path: Path) -> None:
    async def read() -> SignalPage:
        with working(tmp_path) as worker:
            write(worker, 1, series("run", HERE, pullback(90)))
            reader = await take(worker, 1)
            reading = asyncio.create_task(reader.signals("run", HERE, SignalFilter(1000, frozenset({"HOLD"}))))
            for _ in range(10):
                await asyncio.sleep(0)
            worker.table.activate(frozenset())
            return await reading

    assert hurried(read()).total < 15


async def test_a_row_that_cannot_be_read_is_named(worker: StocksApp) -> None:
    reader = await take(worker, 1)
    write(worker, 1, series("run", HERE, [1.0, 2.0]))
    key = row_key(b"run\x00AAPL", 1)
    worker.table.restore(1, {key: b"\x63damaged"}, 2)
    for reading in (
        reader.signals("run", HERE, EVERYTHING),
        reader.recent("run", EVERYTHING),
        reader.bars("run", HERE, 5),
    ):
        with pytest.raises(UnreadableState, match=r"table windows, key .*AAPL.*version 99"):
            await reading


def after_a_split(bars_after: int) -> list[Row]:
    night, morning = parse_timestamp("2024-11-14T20:59:00Z"), parse_timestamp("2024-11-15T14:30:00Z")
    bars = [bar("run", HERE, night, 96.2, "live")]
    bars += [bar("run", HERE, morning + minute * MINUTE_MS, 24.1, "live") for minute in range(bars_after + 1)]
    raw: list[Bar] = [{**each, "open": each["close"], "adjustment": "raw"} for each in bars]
    return fold(folding(gap=session_gap()), raw)
