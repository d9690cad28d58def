"""Reads a table that was just taken over into memory, in the background, while batches are processed."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import groupby, islice
from typing import Any, TypeVar

from app.engine.app import BatchApp
from tables.row_format import series_of
from tables.windows import WindowsTable

#: Rows read in one turn of a thread.
CHUNK_ROWS = 4000

#: Windows made in one turn of a thread; at most some 15 ms.
CHUNK_WINDOWS = 50

#: Making windows waits until no batch has come for so long.
QUIET_SECONDS = 0.5

Values = Mapping[bytes, bytes]
Done = TypeVar("Done")


class WarmUp:
    """Reads every row of the active partitions once, for an index; then the newest ones again, for the table's windows.

    Batches load the windows that they need themselves, so while they come no more are made: both would wait.

    `on_rows` is called in the event loop with a partition and its rows as they stand;
    rows that change meanwhile may come twice. A row that cannot be read ends the worker.
    """

    def __init__(
        self,
        app: BatchApp,
        table: WindowsTable,
        on_rows: Callable[[int, Values], None],
        *,
        quiet_seconds: float = QUIET_SECONDS,
    ) -> None:
        self._app = app
        self._table = table
        self._on_rows = on_rows
        self._quiet_seconds = quiet_seconds
        self._task: asyncio.Task[None] | None = None
        self._reading: asyncio.Future[Any] | None = None
        #: Series written since the partition's reading began: what was read of them is old.
        self._touched: set[bytes] = set()
        #: The table's active partitions when they were last looked at.
        self._loads = table.loads
        #: Partitions whose rows are still to be read.
        self.remaining: set[int] = set()
        #: Called with each partition whose rows were read.
        self.on_partition: list[Callable[[int], None]] = []
        table.on_assignment.append(self._start)
        table.on_rows.append(self._touch)
        table.before_close.append(self.stop)

    async def stop(self) -> None:
        """End the reading; afterwards no thread reads the table."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if self._reading is not None:
            await asyncio.wait([self._reading])

    async def finished(self) -> None:
        """Return when the rows and windows of all partitions that were taken over are in memory."""
        if self._task is not None:
            await asyncio.wait([self._task])

    def _start(self, active: frozenset[int]) -> None:
        self.remaining = set(active)
        if active:
            self._task = asyncio.ensure_future(self._run(active))

    def _touch(self, partition: int, rows: Values) -> None:
        if self._task is not None and not self._task.done():
            self._touched.update(map(series_of, rows))

    async def _run(self, partitions: frozenset[int]) -> None:
        series: dict[int, list[bytes]] = {}
        try:
            for partition in sorted(partitions):
                series[partition] = await self._read(partition)
                self.remaining.discard(partition)
                for listener in self.on_partition:
                    listener(partition)
            for partition, keys in series.items():
                await self._make_windows(partition, keys)
        except Exception as error:  # noqa: BLE001  # The worker ends with it.
            await self._app.crash(error)

    async def _read(self, partition: int) -> list[bytes]:
        """Give all rows of a partition to `on_rows`; return its series."""
        self._touched.clear()
        found: list[bytes] = []
        by_series = groupby(self._table.scan(partition), key=lambda item: series_of(item[0]))
        while chunk := await self._in_thread(partial(self._chunk, by_series)):
            rows: dict[bytes, bytes] = {}
            for key, read in chunk.items():
                rows.update(self._table.series(partition, key) if key in self._touched else read)
            self._on_rows(partition, rows)
            found += chunk
            await asyncio.sleep(0)
        return found

    def _chunk(self, by_series: Iterator[tuple[bytes, Iterator[tuple[bytes, bytes]]]]) -> dict[bytes, Values]:
        """The rows of the next series, all of each."""
        chunk: dict[bytes, Values] = {}
        count = 0
        for key, items in by_series:
            chunk[key] = rows = dict(items)
            self._table.check_series(key, rows)
            count += len(rows)
            if count >= CHUNK_ROWS:
                break
        return chunk

    async def _make_windows(self, partition: int, series: list[bytes]) -> None:
        """Put windows into the table's cache, as many as there is room for."""
        self._touched.clear()
        keys = iter(series)
        await self._quiet()
        while chunk := list(islice(keys, min(CHUNK_WINDOWS, self._table.room(partition)))):
            newest = await self._in_thread(partial(self._table.newest_rows, partition, chunk))
            self._table.keep(partition, newest, without=self._touched)
            await self._quiet()

    async def _quiet(self) -> None:
        """Return at once when no batch has come since the last call, otherwise when none comes for a while."""
        while self._table.loads != self._loads:
            self._loads = self._table.loads
            await asyncio.sleep(self._quiet_seconds)

    async def _in_thread(self, read: Callable[[], Done]) -> Done:
        reading = asyncio.get_running_loop().run_in_executor(self._app.threads, read)
        self._reading = reading
        return await asyncio.shield(reading)
