import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any, cast

import pytest

from app.domain.key import table_key
from app.engine.app import BatchApp
from app.engine.errors import UnreadableState
from tables.row_format import read_fixed, row_key
from tables.warm_up import CHUNK_ROWS, WarmUp
from tests.bars import make_bar
from tests.unit.domain.pipeline import Pipeline, remembered
from tests.unit.tables.memory_table import TINY

RUN = make_bar(0, 1.0)["run_id"]
KEEP, BARS = 3000, 1700
SYMBOLS = ["A", "B", "C"]


class App:
    """What a warm-up uses of the app."""

    def __init__(self) -> None:
        self.threads: Executor = ThreadPoolExecutor(1)
        self.crashed: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()

    async def crash(self, error: BaseException) -> None:
        self.crashed.set_result(error)


class AtOnce(Executor):
    """Has done what it is given when it has taken it."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


class Seen(dict[bytes, bytes]):
    """The rows as they were put last; those that cannot be read are refused, as by the index."""

    def put(self, partition: int, rows: Mapping[bytes, bytes]) -> None:
        assert partition == 0
        read_fixed(rows.values())
        self.update(rows)


@pytest.fixture(scope="module")
def rows() -> dict[bytes, bytes]:
    """So many that they are read in several turns."""
    made = Pipeline(TINY, keep_bars=KEEP)
    for symbol in SYMBOLS:
        made.feed([make_bar(minute, 10.0 + minute % 3, symbol=symbol) for minute in range(BARS)])
    assert len(made.table.rows) > 1.2 * CHUNK_ROWS
    return made.table.rows


@pytest.fixture
def pipeline(rows: dict[bytes, bytes]) -> Pipeline:
    made = Pipeline(TINY, keep_bars=KEEP)
    made.table.rows.update(rows)
    return made


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
async def app() -> App:
    return App()


@pytest.fixture
def warm_up(app: App, pipeline: Pipeline, seen: Seen) -> WarmUp:
    return WarmUp(cast(BatchApp, app), pipeline.table, seen.put)


async def finished(warm_up: WarmUp) -> None:
    await asyncio.wait_for(warm_up.finished(), 30)
    assert warm_up.remaining == set()


async def test_every_row_of_what_is_taken_over_is_read(warm_up: WarmUp, pipeline: Pipeline, seen: Seen) -> None:
    read: list[int] = []
    warm_up.on_partition.append(read.append)
    pipeline.table.activate(frozenset({0}))
    assert warm_up.remaining == {0}
    await finished(warm_up)
    assert seen == pipeline.table.rows
    assert read == [0]


async def test_the_windows_are_ready_then(warm_up: WarmUp, pipeline: Pipeline) -> None:
    pipeline.table.activate(frozenset({0}))
    await finished(warm_up)
    rows, pipeline.table.rows = pipeline.table.rows, {}
    windows, [place] = pipeline.table.load(0, [table_key(RUN, "B")])
    ready = remembered(windows, place)
    pipeline.table.rows = rows
    pipeline.restart()
    assert pipeline.window(table_key(RUN, "B")).memory == ready


async def test_no_windows_are_made_while_batches_come(app: App, pipeline: Pipeline, seen: Seen) -> None:
    table, most = pipeline.table, pipeline.table.room(0)
    rooms: list[int] = []

    async def batches() -> None:
        for _ in range(20):
            table.load(0, [table_key(RUN, "A")])
            rooms.append(table.room(0))
            await asyncio.sleep(0)

    coming: list[asyncio.Task[None]] = []

    def first_batch(partition: int) -> None:
        table.load(0, [])
        coming.append(asyncio.ensure_future(batches()))

    # A batch comes in each turn of the event loop, and it looks in each: nothing depends on how long anything takes.
    app.threads = AtOnce()
    warm_up = WarmUp(cast(BatchApp, app), table, seen.put, quiet_seconds=0.0)
    warm_up.on_partition.append(first_batch)
    table.activate(frozenset({0}))
    await finished(warm_up)
    await coming[0]
    assert rooms == [most - 1] * 20, "no window but that of the batches"
    assert table.room(0) == most - len(SYMBOLS)


async def test_series_that_change_meanwhile_are_told_as_they_are(
    warm_up: WarmUp, pipeline: Pipeline, seen: Seen
) -> None:
    """What a thread has read of them before is old."""
    pipeline.table.activate(frozenset({0}))
    await asyncio.sleep(0)  # The first rows are being read.
    for symbol in SYMBOLS:
        before = dict(pipeline.table.rows)
        pipeline.feed([make_bar(KEEP, 99.0, symbol=symbol)])
        changed = {key: value for key, value in pipeline.table.rows.items() if before.get(key) != value}
        for listener in pipeline.table.on_rows:
            listener(0, changed)
    await finished(warm_up)
    assert seen == pipeline.table.rows
    for symbol in SYMBOLS:
        assert pipeline.window(table_key(RUN, symbol)).closes[-1] == 99.0


async def test_a_row_that_cannot_be_read_ends_the_worker(warm_up: WarmUp, pipeline: Pipeline, app: App) -> None:
    key = row_key(table_key(RUN, "C"), BARS - 1)
    pipeline.table.rows[key] = b"\x09" + pipeline.table.rows[key][1:]
    pipeline.table.activate(frozenset({0}))
    error = await asyncio.wait_for(app.crashed, 30)
    assert isinstance(error, UnreadableState)
    assert "table windows" in str(error)
    assert "version 9" in str(error)
    assert warm_up.remaining == {0}, "it is not ready either"


async def test_a_row_that_is_missing_ends_the_worker(warm_up: WarmUp, pipeline: Pipeline, app: App) -> None:
    del pipeline.table.rows[row_key(table_key(RUN, "C"), BARS - 2)]
    pipeline.table.activate(frozenset({0}))
    assert "there are 1699 rows of the 1700 newest" in str(await asyncio.wait_for(app.crashed, 30))


async def test_after_its_end_no_thread_reads(warm_up: WarmUp, pipeline: Pipeline, app: App, seen: Seen) -> None:
    """Databases are closed then."""
    pipeline.table.activate(frozenset({0}))
    await asyncio.sleep(0)
    for ended in pipeline.table.before_close:
        if getattr(ended, "__self__", None) is warm_up:
            await ended()
    told = len(seen)
    rows: Any = pipeline.table.rows
    pipeline.table.rows = {}
    await asyncio.sleep(0.05)
    assert (len(seen), app.crashed.done()) == (told, False)
    pipeline.table.rows = rows
    pipeline.table.activate(frozenset({0}))
    await finished(warm_up)
    assert seen == rows


async def test_nothing_taken_over_is_nothing_to_read(warm_up: WarmUp, pipeline: Pipeline, seen: Seen) -> None:
    pipeline.table.activate(frozenset())
    assert warm_up.remaining == set()
    await asyncio.sleep(0)
    assert seen == {}
