"""The lists of several workers as one equal the list of all signals, page after page."""

import asyncio
import time
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.line import Line
from web.reader import SignalFilter
from web.signal_lists import Merged, merged
from web.workers.part import WorkerPart

SYMBOLS = "ABCDEFG"


def place(line: Line, *, latest: bool) -> tuple[int, str]:
    return (0 if latest else -line.timestamp, line.symbol)


def part_of(lines: Sequence[Line], wanted: SignalFilter, unread: int = 0) -> WorkerPart:
    """As a worker makes it; the last `unread` rows of those chosen changed while they were read."""
    ordered = sorted(lines, key=lambda line: place(line, latest=wanted.latest))
    if wanted.after is not None:
        timestamp, symbol = wanted.after
        behind = place(Line(timestamp, symbol, 0, b""), latest=wanted.latest)
        ordered = [line for line in ordered if place(line, latest=wanted.latest) > behind]
    shown = ordered[: wanted.limit]
    last = [shown[-1].timestamp, shown[-1].symbol] if len(ordered) > len(shown) else None
    return WorkerPart({"total": len(lines), "next": last}, shown[: len(shown) - unread] if unread else shown)


workers = st.lists(
    st.lists(st.builds(Line, st.integers(0, 6), st.sampled_from(SYMBOLS), st.just(0), st.just(b"{}")), max_size=12),
    min_size=1,
    max_size=4,
)


def apart(tables: list[list[Line]], *, latest: bool) -> list[list[Line]]:
    """Each symbol on one worker, each bar once; of each symbol the newest bar alone where that is asked for."""
    found: list[list[Line]] = []
    for number, table in enumerate(tables):
        ours = {line[:2]: line for line in table if SYMBOLS.index(line.symbol) % len(tables) == number}
        if latest:
            ours = {line[1:2]: line for line in sorted(ours.values())}  # type: ignore[misc]
        found.append(list(ours.values()))
    return found


@given(workers, st.integers(1, 5), st.booleans())
async def test_pages_of_all_workers_are_those_of_one_list(
    tables: list[list[Line]],
    limit: int,
    latest: bool,
) -> None:
    tables = apart(tables, latest=latest)
    every = sorted((line for table in tables for line in table), key=lambda line: place(line, latest=latest))
    found: list[Line] = []
    wanted = SignalFilter(limit, latest=latest)
    for _ in range(len(every) + 1):
        page = await merged([part_of(table, wanted) for table in tables], wanted)
        assert len(page.lines) <= limit
        assert page.total == len(every)
        found += page.lines
        if page.next is None:
            break
        wanted = SignalFilter(limit, latest=latest, after=page.next)
    assert found == every


async def test_nothing_is_skipped_that_a_worker_left_out_of_its_page() -> None:
    """One has more behind its page, and of this the end changed meanwhile: what others have behind it must wait."""
    wanted = SignalFilter(3)
    first = part_of([Line(at, "A", 0, b"{}") for at in range(9)], wanted, unread=1)
    second = part_of([Line(at, "B", 0, b"{}") for at in range(5)], wanted)
    assert [line.timestamp for line in first.lines] == [8, 7]
    page = await merged([first, second], wanted)
    assert (page.lines, page.next) == (first.lines, (6, "A"))


async def test_a_bar_that_two_workers_have_is_there_once_in_its_later_revision() -> None:
    old, new = Line(5, "A", 0, b"old"), Line(5, "A", 1, b"new")
    for parts in ([old], [new]), ([new], [old]):
        both = [WorkerPart({"total": 1, "next": None}, lines) for lines in parts]
        assert await merged(both, SignalFilter(10)) == Merged(2, [new], None)
    newest, before = Line(6, "A", 0, b"newest"), Line(5, "A", 0, b"before")
    both = [WorkerPart({"total": 1, "next": None}, lines) for lines in ([before], [newest])]
    assert (await merged(both, SignalFilter(10, latest=True))).lines == [newest]


async def test_a_thousand_signals_of_three_workers_leave_the_loop_free() -> None:
    wanted = SignalFilter(1000)
    tables = [[Line(at, f"{name}{at % 50}", 0, b"x" * 1000) for at in range(3000)] for name in "ABC"]
    parts = [part_of(table, wanted) for table in tables]
    held: list[float] = []

    async def watch() -> None:
        while True:
            before = time.thread_time()
            await asyncio.sleep(0)
            held.append(time.thread_time() - before)

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0)
    assert len((await merged(parts, wanted)).lines) == 1000
    await asyncio.sleep(0)
    watching.cancel()
    # Processor time, so that a busy machine does not matter.
    assert max(held) < 0.02


@pytest.mark.parametrize("parts", [[], [WorkerPart({"total": 0, "next": None})]])
async def test_nothing_at_all(parts: list[WorkerPart]) -> None:
    assert await merged(parts, SignalFilter(5)) == Merged(0, [], None)
