"""The API's reader over a real table in RocksDB, of a worker that never starts."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from itertools import product, starmap
from pathlib import Path
from time import monotonic
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from app.build import StocksApp, build
from app.calendar.sessions import session_gap
from app.domain.records import MINUTE_MS, Bar
from app.domain.row import Row
from app.engine.batch import Batch
from app.engine.checkpoint import CHECKPOINT_KEY, Checkpoint, encode_checkpoint
from app.engine.errors import UnreadableState
from app.settings import Settings
from app.sources.timestamps import parse_timestamp
from tables.row_format import row_key
from tests.unit.engine.made import Rec
from tests.unit.tables.encoding import packed
from tests.unit.web.fake import page
from tests.unit.web.hurried import hurried
from tests.unit.web.made_series import START, MadeSeries, bar, fold, folding, pullback, series
from web.give_way import BURST_RECORDS
from web.reader import PartitionProgress, Position, SignalFilter, SignalPage, SymbolBars
from web.signal_lines import line_of
from web.tables_reader import TablesReader

KEEP = 100
EVERYTHING = SignalFilter(10_000)
#: On partition 1 of two; SPY is on partition 0.
HERE, THERE = "AAPL", "SPY"


@pytest.fixture
async def worker(tmp_path: Path) -> AsyncIterator[StocksApp]:
    with working(tmp_path) as made:
        yield made


@contextmanager
def working(folder: Path) -> Iterator[StocksApp]:
    nowhere = {"kafka_bootstrap": "127.0.0.1:1", "schema_registry_url": "http://127.0.0.1:1"}
    made = build(Settings(_env_file=None, data_dir=folder / "data", partitions=2, keep_bars=KEEP, **nowhere))  # type: ignore[arg-type, call-arg]
    yield made
    made.threads.shutdown()


def write(worker: StocksApp, partition: int, *written: MadeSeries) -> None:
    """As a batch that was committed."""
    table = worker.table
    rows: dict[bytes, bytes] = {}
    for each in written:
        provenances = [row.provenance for row in each.rows]
        rows |= table.entries([each.key] * len(each.rows), packed(each.rows), provenances)
    checkpoint = encode_checkpoint(Checkpoint("topic-id", 42, table.state_text))
    table.restore(partition, {**rows, CHECKPOINT_KEY: checkpoint}, 1)
    if partition in table.active:
        for listener in table.on_rows:
            listener(partition, rows)


async def take(worker: StocksApp, *partitions: int) -> TablesReader:
    """Activate partitions, and wait until they are read."""
    worker.table.activate(frozenset(partitions))
    while worker.reader._warm_up.remaining:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    return worker.reader


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


async def test_how_far_each_partition_is(worker: StocksApp) -> None:
    write(worker, 1, series("run", HERE, [1.0]))
    reader = await take(worker, 0, 1)
    reader.note_lags({TP("stocks.raw.avro", 1): 3})
    for silence, confirmed in ((0.0, True), (worker.options.session_seconds + 1, False)):
        worker.batch_consumer.confirmed_at = monotonic() - silence
        assert await reader.progress(lag_now=False) == [
            PartitionProgress(0, None, None, confirmed),
            PartitionProgress(1, 42, 3, confirmed),
        ]


async def test_waiting_for_a_position_ends_with_it_or_with_its_time(worker: StocksApp) -> None:
    write(worker, 1, series("run", HERE, [1.0]))
    reader = await take(worker, 1)
    async with asyncio.timeout(5):
        await reader.reach({1: 42, 0: 99}, 60)  # Partition 0 is not here.
    await reader.reach({1: 43}, 0.01)
    waiting = asyncio.create_task(reader.reach({1: 43}, 60))
    await asyncio.sleep(0)
    assert not waiting.done()
    checkpoint = encode_checkpoint(Checkpoint("topic-id", 43, worker.table.state_text))
    worker.table.restore(1, {CHECKPOINT_KEY: checkpoint}, 2)
    for listener in worker.table.on_rows:
        listener(1, {})
    async with asyncio.timeout(5):
        await waiting


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


async def test_until_everything_is_read_the_worker_is_recovering_and_says_so(worker: StocksApp) -> None:
    write(worker, 0, series("run", THERE, [1.0]))
    reader = worker.reader
    assert reader.readiness().reasons == ("waiting for the consumer group to assign partitions",)
    worker.table.activate(frozenset({0, 1}))
    assert reader.readiness().recovering
    assert reader.readiness().reasons == ("the table is being read into memory: 2 partitions to go",)
    await take(worker, 0, 1)
    worker.waits["raw"] = "the broker does not answer"
    assert "the broker does not answer" in reader.readiness().reasons


@pytest.mark.parametrize(("partitions", "confirmed"), [(set(), True), ({TP("stocks.raw.avro", 0)}, False)])
async def test_only_a_worker_with_partitions_has_a_membership_to_be_confirmed(
    worker: StocksApp, partitions: set[TP], confirmed: bool
) -> None:
    consumer = SimpleNamespace(stream_tps=lambda: partitions, confirmed_at=float("-inf"))
    app = SimpleNamespace(
        waits={},
        owner=None,
        tables=SimpleNamespace(actives_ready=True),
        batch_consumer=consumer,
        takeover=worker.takeover,
    )
    settings = Settings(_env_file=None, keep_bars=KEEP)  # type: ignore[call-arg]
    reader = TablesReader(app, worker.table, settings)  # type: ignore[arg-type]
    assert (reader.readiness().reasons == ()) is confirmed


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


class Lagging:
    """A worker whose broker takes a moment to tell the lag."""

    def __init__(self, worker: StocksApp) -> None:
        self._worker = worker
        self.asked = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._worker, name)

    async def lag(self) -> dict[TP, int]:
        self.asked += 1
        await asyncio.sleep(0.01)
        return {TP("stocks.raw.avro", 1): 3}


async def test_all_who_ask_for_the_lag_at_once_share_one_question(worker: StocksApp) -> None:
    """It stands in the line of what fetches and commits."""
    app: Any = Lagging(worker)
    settings = Settings(_env_file=None, keep_bars=KEEP, partitions=2)  # type: ignore[call-arg]
    write(worker, 1)  # Three readers' threads would open its database at once.
    patient, hasty = (TablesReader(app, worker.table, settings, seconds) for seconds in (20, 0.001))
    await take(worker, 1)
    found = await asyncio.gather(*(patient.progress(lag_now=True) for _ in range(50)))
    assert {each[0].lag for each in found} == {3}
    assert app.asked <= 2
    assert (await hasty.progress(lag_now=True))[0].lag is None
