"""The search in the index: pages, and rows that change while a reader waits."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.records import MINUTE_MS, Action
from tests.unit.web.hurried import hurried
from tests.unit.web.made_series import START
from tests.unit.web.scanned_table import EVERYTHING, KEEP, Table, actions, batches
from web.reader import SignalFilter


@settings(max_examples=60, deadline=None)
@given(st.lists(batches, min_size=1, max_size=12), st.integers(1, 9), actions, st.booleans(), batches)
async def test_pages_together_are_the_whole_list_whatever_comes_meanwhile(
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
    page = await table.recent("a", replace(wanted, limit=limit))
    pages = list(page.rows)
    # Newer than all that there is: not in the pages to come.
    _, symbol, _, closes = meanwhile
    table.add("a", symbol, {60 + minute: close for minute, close in closes.items()})
    while page.next:
        page = await table.recent("a", replace(wanted, limit=limit, after=page.next))
        pages += page.rows
    if not latest:
        assert pages == whole
    seen = [symbol for symbol, _ in pages]
    assert not latest or seen == sorted(set(seen))
    assert not latest or {each for each, _ in whole} - {symbol} <= set(seen)


async def test_a_ring_that_has_gone_round_shows_the_newest() -> None:
    table = Table()
    table.add("run", "X", {minute: 10.0 + minute % 3 for minute in range(4 * KEEP + 5)})
    total, found, _ = await table.recent("run", EVERYTHING)
    assert total == KEEP
    assert [row.number for _, row in found] == list(range(4 * KEEP + 4, 3 * KEEP + 4, -1))


@pytest.mark.parametrize("patience", range(0, 120, 7))
def test_a_partition_that_goes_while_a_reader_waits(patience: int) -> None:
    async def read() -> None:
        table = Table()
        for number in range(20):
            table.add("run", f"S{number}", dict.fromkeys(range(4), 10.0), partition=number % 2)
        reading = asyncio.create_task(table.recent("run", SignalFilter(1000, frozenset({"HOLD"}))))
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
        reading = asyncio.create_task(table.recent("run", SignalFilter(1000, frozenset({"SELL"}))))
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
        reading = asyncio.create_task(table.recent("run", SignalFilter(10, transitions=True)))
        others = 0
        while not reading.done():
            await asyncio.sleep(0)
            others += 1
        return others

    assert hurried(read()) >= 50


@pytest.mark.parametrize(("latest", "minutes"), [(False, [4, 3, 1]), (True, [4])])
async def test_a_late_bar_that_only_the_table_has_yet_loses_no_signal(latest: bool, minutes: list[int]) -> None:
    """Rows are written in a thread, and the index is told of them a moment later."""
    table = Table()
    table.add("a", "S0", {minute: 10.0 + minute for minute in (0, 1, 3, 4)})
    table.is_told = False
    table.add("a", "S0", {2: 9.0})
    found = await table.recent("a", SignalFilter(1 if latest else 3, latest=latest))
    assert [(row.timestamp - START) // MINUTE_MS for _, row in found.rows] == minutes
