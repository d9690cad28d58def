"""Reading a table that was just taken over into memory, in the background, while batches are processed."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby

from app.domain.window import Window
from app.engine.app import BatchApp
from tables.row_format import series_of
from tables.windows import WindowsTable

#: Rows read in one turn of a thread; some 20 ms.
CHUNK_ROWS = 4000

Rows = Mapping[bytes, bytes]
Chunk = list[tuple[bytes, Rows, Window]]


class WarmUp:
    """Reads every row of the active partitions once: for an index, for the table's cache, and to see that it can.

    `on_series` is called in the event loop with partition, series and its rows as they stand;
    it is also called for series that change meanwhile, so it must take the same rows twice.
    A row that cannot be read ends the worker.
    """

    def __init__(self, app: BatchApp, table: WindowsTable, on_series: Callable[[int, bytes, Rows], None]) -> None:
        self._app = app
        self._table = table
        self._on_series = on_series
        self._task: asyncio.Task[None] | None = None
        self._reading: asyncio.Future[Chunk] | None = None
        #: Series written since the partition's reading began: what was read of them is old.
        self._touched: set[bytes] = set()
        #: Partitions still to be read.
        self.remaining: set[int] = set()
        #: Called with each partition that was read.
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

    def _start(self, active: frozenset[int]) -> None:
        self.remaining = set(active)
        if active:
            self._task = asyncio.ensure_future(self._run(active))

    def _touch(self, partition: int, rows: Rows) -> None:
        if self.remaining:
            self._touched.update(map(series_of, rows))

    async def _run(self, partitions: frozenset[int]) -> None:
        try:
            for partition in sorted(partitions):
                await self._read(partition)
                self.remaining.discard(partition)
                for listener in self.on_partition:
                    listener(partition)
        except Exception as error:  # noqa: BLE001  # The worker ends with it.
            await self._app.crash(error)

    async def _read(self, partition: int) -> None:
        self._touched.clear()
        series = groupby(self._table.scan(partition), key=lambda item: series_of(item[0]))
        loop = asyncio.get_running_loop()
        while True:
            self._reading = loop.run_in_executor(self._app.threads, self._chunk, series)
            chunk = await asyncio.shield(self._reading)
            if not chunk:
                return
            for key, rows, window in chunk:
                if key in self._touched:
                    self._on_series(partition, key, dict(self._table.series(partition, key)))
                else:
                    self._on_series(partition, key, rows)
                    self._table.keep(partition, key, window)
            await asyncio.sleep(0)

    def _chunk(self, series: Iterator[tuple[bytes, Iterator[tuple[bytes, bytes]]]]) -> Chunk:
        """The next series, in a thread."""
        chunk: Chunk = []
        count = 0
        table = self._table
        for key, items in series:
            rows = dict(items)
            newest = sorted(rows.items(), key=lambda item: table.summary(*item).number)[-table.strategy.window :]
            chunk.append((key, rows, table.restored(key, [table.decode(*item) for item in newest])))
            count += len(rows)
            if count >= CHUNK_ROWS:
                break
        return chunk
