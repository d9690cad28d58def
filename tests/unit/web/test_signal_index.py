"""The index answers what a scan of everything would."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.key import split_key, table_key
from app.domain.records import MINUTE_MS, Action
from app.domain.row import Row
from app.domain.strategy import Strategy
from tables.format import UnknownFormat
from tables.row_format import decode_row, row_key, series_of
from tests.unit.domain.pipeline import Pipeline
from tests.unit.tables.encoding import encode_row
from tests.unit.web.hurried import hurried
from tests.unit.web.series import EMITTED_AT, START, bar, fold, folding
from web.index_columns import SLOTS_A_TURN
from web.reader import RunInfo, SignalFilter, SymbolState
from web.signal_index import SignalIndex
from web.signal_search import Found, SignalSearch

#: Small, so that few bars make every action, and rings soon go round.
STRATEGY = Strategy(fast=2, slow=4, rsi_period=3, buy_below=45.0, sell_above=55.0, late_bars=3)
KEEP = 9
EVERYTHING = SignalFilter(1000)
PARTITIONS = 3


class Table:
    """The rows of a table by partition and key, as folding bars makes them, and the index that gets them."""

    def __init__(self, keep: int = KEEP, slots_a_turn: int = SLOTS_A_TURN) -> None:
        self.keep = keep
        self.rows: defaultdict[int, dict[bytes, bytes]] = defaultdict(dict)
        self.elsewhere: dict[int, dict[bytes, bytes]] = {}
        self.folding: dict[bytes, Pipeline] = {}
        self.index = SignalIndex(self.read, keep, slots_a_turn)
        self.search = SignalSearch(self.index)
        self.now_ms = EMITTED_AT
        #: Whether the index is told of what is added.
        self.is_told = True

    def read(self, partition: int, key: bytes) -> Row | None:
        assert partition not in self.elsewhere, "the index reads what it was told to drop"
        value = self.rows[partition].get(key)
        return None if value is None else decode_row(value)

    def add(self, run_id: str, symbol: str, closes: Mapping[int, float], partition: int | None = None) -> None:
        """Fold bars, closes by minute in the order of their arrival."""
        at = partition_of(symbol) if partition is None else partition
        key = table_key(run_id, symbol)
        bars = [bar(run_id, symbol, START + minute * MINUTE_MS, close, "replay") for minute, close in closes.items()]
        self.now_ms += 1
        changed = fold(self.folding.setdefault(key, folding(STRATEGY)), bars, self.now_ms)
        entries = {row_key(key, row.number % self.keep): encode_row(row) for row in changed}
        if at in self.elsewhere:
            self.elsewhere[at].update(entries)
        else:
            self.rows[at].update(entries)
            if self.is_told:
                self.index.put(at, entries)

    def give_away(self, partition: int) -> None:
        self.elsewhere.setdefault(partition, self.rows.pop(partition, {}))
        self.index.drop(partition)

    def take(self, partition: int) -> None:
        """As after a rebalance, when all partitions held are read again."""
        self.rows[partition].update(self.elsewhere.pop(partition, {}))
        self.index.drop(partition)
        self.index.put(partition, self.rows[partition])

    def all(self, run_id: str) -> Iterator[tuple[str, Row]]:
        for rows in self.rows.values():
            for key, value in rows.items():
                run, symbol = split_key(series_of(key))
                if run == run_id:
                    yield symbol, decode_row(value)

    def scan(self, run_id: str, wanted: SignalFilter) -> Found:
        """What `recent` should answer."""
        rows = list(self.all(run_id))
        if wanted.latest:
            rows = list(dict(sorted(rows, key=by_number)).items())
        found = [
            (symbol, row)
            for symbol, row in rows
            if (not wanted.actions or row.action in wanted.actions)
            and (not wanted.transitions or row.previous_action not in (None, row.action))
            and (wanted.since is None or row.timestamp >= wanted.since)
            and (wanted.until is None or row.timestamp < wanted.until)
        ]

        def place(timestamp: int, symbol: str) -> tuple[int, str]:
            return 0 if wanted.latest else -timestamp, symbol

        found.sort(key=lambda each: place(each[1].timestamp, each[0]))
        after = wanted.after
        rest = [each for each in found if after is None or place(each[1].timestamp, each[0]) > place(*after)]
        shown = rest[: wanted.limit]
        last = (shown[-1][1].timestamp, shown[-1][0]) if len(rest) > len(shown) else None
        return Found(len(found), shown, last)

    def has_all(self, rows: list[tuple[str, Row]]) -> bool:
        """Whether each symbol's first bar is there."""
        return sum(row.number == 0 for _, row in rows) == len({symbol for symbol, _ in rows})

    def runs(self) -> dict[str, RunInfo]:
        """What `runs` should answer, in any order."""
        by_run: dict[str, list[tuple[str, Row]]] = {run: list(self.all(run)) for run in ("a", "b")}
        return {
            run: RunInfo(
                run_id=run,
                origin="replay",
                is_live=False,
                first_bar=min(row.timestamp for _, row in rows) if self.has_all(rows) else None,
                oldest_kept=min(row.timestamp for _, row in rows),
                newest_bar=max(row.timestamp for _, row in rows),
                symbols=len({symbol for symbol, _ in rows}),
                bars=sum({symbol: row.number + 1 for symbol, row in sorted(rows, key=by_number)}.values()),
                signals=len(rows),
                active_at=0,
            )
            for run, rows in by_run.items()
            if rows
        }


def by_number(each: tuple[str, Row]) -> int:
    return each[1].number


def partition_of(symbol: str) -> int:
    return ord(symbol[-1]) % PARTITIONS


#: Minutes near each other, so that bars are corrected, come late, come twice and are stale.
batches = st.tuples(
    st.sampled_from("ab"),
    st.sampled_from(["S0", "S1", "S2", "S3", "S4"]),
    st.integers(0, 40),
    st.dictionaries(st.integers(0, 8), st.sampled_from([8.0, 9.0, 10.0, 11.0, 12.0]), min_size=1, max_size=8),
)
steps = st.one_of(batches, batches, batches, st.tuples(st.sampled_from(["give", "take"]), st.integers(0, 2)))
#: Also between two minutes.
times = st.none() | st.integers(0, 2 * 48).map(lambda halves: START + halves * MINUTE_MS // 2)
names = st.sampled_from(["S0", "S1", "S2", "S3", "S4", "A", "Z"])
actions = st.frozensets(st.sampled_from(("HOLD", "BUY", "SELL")))


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
def test_it_equals_a_scan_of_everything(
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
        assert asyncio.run(table.search.recent(run_id, wanted)) == table.scan(run_id, wanted)
        assert asyncio.run(table.search.recent(run_id, EVERYTHING)) == table.scan(run_id, EVERYTHING)
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
def test_in_whatever_order_and_however_often_it_is_told(
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
        assert asyncio.run(SignalSearch(told).recent(run_id, EVERYTHING)) == table.scan(run_id, EVERYTHING)
    assert told.runs() == table.index.runs()


@settings(max_examples=60, deadline=None)
@given(st.lists(batches, min_size=1, max_size=12), st.integers(1, 9), actions, st.booleans(), batches)
def test_pages_together_are_the_whole_list_whatever_comes_meanwhile(
    written: list[tuple[str, str, int, dict[int, float]]],
    limit: int,
    actions: frozenset[Action],
    latest: bool,
    meanwhile: tuple[str, str, int, dict[int, float]],
) -> None:
    table = Table(keep=100)
    for run_id, symbol, first, closes in written:
        table.add(run_id, symbol, {first + minute: close for minute, close in closes.items()})
    wanted = SignalFilter(1000, actions, latest=latest)
    whole = table.scan("a", wanted).rows
    page = asyncio.run(table.search.recent("a", replace(wanted, limit=limit)))
    pages = list(page.rows)
    # Newer than all that there is: not in the pages to come.
    _, symbol, _, closes = meanwhile
    table.add("a", symbol, {60 + minute: close for minute, close in closes.items()})
    while page.next:
        page = asyncio.run(table.search.recent("a", replace(wanted, limit=limit, after=page.next)))
        pages += page.rows
    if not latest:
        assert pages == whole
    seen = [symbol for symbol, _ in pages]
    assert not latest or seen == sorted(set(seen))
    assert not latest or {each for each, _ in whole} - {symbol} <= set(seen)


async def test_a_ring_that_has_gone_round_shows_the_newest() -> None:
    table = Table()
    table.add("run", "X", {minute: 10.0 + minute % 3 for minute in range(4 * KEEP + 5)})
    total, found, _ = await table.search.recent("run", EVERYTHING)
    assert total == KEEP
    assert [row.number for _, row in found] == list(range(4 * KEEP + 4, 3 * KEEP + 4, -1))


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
    total, found, _ = await table.search.recent("a", EVERYTHING)
    assert (total, {symbol for symbol, _ in found}) == (7, {"Y"})


async def test_a_symbol_is_known_wherever_its_producer_put_it() -> None:
    table = Table()
    table.add("run", "X", {0: 10.0}, partition=7)
    assert table.index.partition_of("X") == 7
    assert table.index.place("run", "X") == (7, table_key("run", "X"), 1)
    assert table.index.partition_of("Y") is None


@pytest.mark.parametrize("patience", range(0, 120, 7))
def test_a_partition_that_goes_while_a_reader_waits(patience: int) -> None:
    async def read() -> None:
        table = Table()
        for number in range(20):
            table.add("run", f"S{number}", dict.fromkeys(range(4), 10.0), partition=number % 2)
        reading = asyncio.create_task(table.search.recent("run", SignalFilter(1000, frozenset({"HOLD"}))))
        for _ in range(patience):
            await asyncio.sleep(0)
        done = reading.done()
        table.give_away(0)
        total, found, _ = await reading
        assert total == len(found) == (80 if done else 40)
        assert done or {int(symbol[1:]) % 2 for symbol, _ in found} == {1}

    hurried(read())


@pytest.mark.parametrize("change", ["corrected", "overwritten"])
def test_a_row_that_changes_while_a_reader_waits_is_not_shown_as_what_it_was(change: str) -> None:
    newest_is_a_sell = dict(enumerate([9.0, 10.0, 8.0, 10.0, 12.0, 9.0, 12.0]))
    later = dict.fromkeys(range(4, 7), 10.0) if change == "corrected" else dict.fromkeys(range(7, 7 + KEEP), 10.0)

    async def read(patience: int) -> None:
        table = Table()
        for number in range(5):
            table.add("run", f"S{number}", newest_is_a_sell)
        reading = asyncio.create_task(table.search.recent("run", SignalFilter(1000, frozenset({"SELL"}))))
        for _ in range(patience):
            await asyncio.sleep(0)
        for number in range(5):
            table.add("run", f"S{number}", later)
        _, found, _ = await reading
        assert {row.action for _, row in found} <= {"SELL"}
        assert found == sorted(found, key=lambda each: (-each[1].timestamp, each[0]))
        assert len({(symbol, row.timestamp) for symbol, row in found}) == len(found)

    for patience in range(30):
        hurried(read(patience))


def test_many_signals_do_not_stall_the_loop() -> None:
    async def read() -> int:
        table = Table(slots_a_turn=1)
        for number in range(50):
            table.add("run", f"S{number}", dict.fromkeys(range(30), 10.0))
        reading = asyncio.create_task(table.search.recent("run", SignalFilter(10, transitions=True)))
        others = 0
        while not reading.done():
            await asyncio.sleep(0)
            others += 1
        return others

    assert hurried(read()) >= 50


def test_a_value_of_another_version_is_an_error() -> None:
    with pytest.raises(UnknownFormat, match="version 99"):
        Table().index.put(0, {row_key(b"run\x00X", 0): bytes([99]) + bytes(200)})


@pytest.mark.parametrize(("latest", "minutes"), [(False, [4, 3, 1]), (True, [4])])
async def test_a_late_bar_that_only_the_table_has_yet_loses_no_signal(latest: bool, minutes: list[int]) -> None:
    """Rows are written in a thread, and the index is told of them a moment later."""
    table = Table()
    table.add("a", "S0", {minute: 10.0 + minute for minute in (0, 1, 3, 4)})
    table.is_told = False
    table.add("a", "S0", {2: 9.0})
    found = await table.search.recent("a", SignalFilter(1 if latest else 3, latest=latest))
    assert [(row.timestamp - START) // MINUTE_MS for _, row in found.rows] == minutes
