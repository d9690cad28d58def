"""The windows of every run and symbol: a row a bar in RocksDB, and a bounded cache of windows in front of it."""

import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from app.domain.restore_window import restore_window
from app.domain.row import Row
from app.domain.row_integrity import validate_row
from app.domain.strategy import Strategy
from app.domain.window import Window
from app.engine.errors import UnreadableState
from app.engine.table import BatchTable
from app.errors import StocksError
from tables.row_format import VERSION, decode_row, encode_row, number_of, row_key, summaries_of

#: Windows kept in memory, of all partitions together; some 5 kB each.
MOST_CACHED = 20_000

_HINT = (
    ": run `stocks tables rebuild`, which sets the table back so that workers compute it again from the bars, "
    "or give this deployment an APP_ID and a DATA_DIR of its own"
)


class StateDiffers(StocksError):
    """The table was made with other settings."""


class WindowsTable(BatchTable):
    """Rows by `tables.row_format.row_key`, all made with one strategy and one `keep_bars`.

    A partition's windows are loaded when a series is first needed and changed in place by
    the fold. Memory is ahead of the table while a batch is written, so all of a partition's
    windows are forgotten when its batch is dropped or it is given away.
    """

    def __init__(self, app: Any, *, strategy: Strategy, keep_bars: int, **kwargs: Any) -> None:
        super().__init__(
            app,
            name="windows",
            help="The newest bars of every run and symbol with their indicators and signals.",
            state_text=json.dumps({"rows": VERSION, "keep_bars": keep_bars, "strategy": strategy.name}),
            check_state=self._check_made,
            old_state_hint=_HINT,
            **kwargs,
        )
        self.strategy = strategy
        self.keep_bars = keep_bars
        self._cached: dict[int, OrderedDict[bytes, Window]] = {}
        #: How often windows were loaded for a batch.
        self.loads = 0
        self.on_assignment.append(self._forget_all)
        self.on_dropped.append(self.forget)

    def load(self, partition: int, series: Iterable[bytes]) -> dict[bytes, Window]:
        """The windows of series, empty ones for new series, to be changed in place. Raises UnreadableState."""
        self.loads += 1
        cached = self._cached.setdefault(partition, OrderedDict())
        windows: dict[bytes, Window] = {}
        for each in series:
            window = cached.get(each)
            if window is None:
                window = cached[each] = self.restored(each, self.newest(partition, each, self.strategy.window))
            else:
                cached.move_to_end(each)
            windows[each] = window
        while len(cached) > self._most_cached:
            cached.popitem(last=False)
        return windows

    def restored(self, series: bytes, rows: Sequence[Row]) -> Window:
        """The window of a series' newest rows, oldest first, as many as the strategy keeps or all there are.

        Raises UnreadableState for rows that nobody can continue.
        """
        for before, row in zip([None, *rows], rows, strict=False):
            fault = validate_row(row)
            if before is not None and (row.number != before.number + 1 or row.timestamp <= before.timestamp):
                fault = f"it is bar {row.number} behind bar {before.number}"
            if fault:
                raise UnreadableState(self.name, row_key(series, row.number % self.keep_bars), f"damaged row: {fault}")
        if rows and len(rows) < (needed := min(rows[-1].number + 1, self.strategy.window)):
            key = row_key(series, rows[-1].number % self.keep_bars)
            raise UnreadableState(self.name, key, f"damaged: there are {len(rows)} rows of the {needed} newest")
        return restore_window(rows, self.strategy)

    def check_series(self, series: bytes, rows: Mapping[bytes, bytes]) -> None:
        """See that all rows of a series are there and of a known version. Raises UnreadableState."""
        try:
            numbers = summaries_of(rows.values()).numbers
        except ValueError:
            for row in rows.items():
                self.decode(*row)  # It names the row.
            raise
        newest = max(numbers)
        if len(numbers) < (needed := min(newest + 1, self.keep_bars)):
            key = row_key(series, newest % self.keep_bars)
            raise UnreadableState(self.name, key, f"damaged: there are {len(numbers)} rows of the {needed} newest")

    def entries(self, series: bytes, rows: Iterable[Row]) -> Iterator[tuple[bytes, bytes]]:
        """Keys and bytes of a series' rows."""
        for row in rows:
            yield row_key(series, row.number % self.keep_bars), encode_row(row)

    def series(self, partition: int, series: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Keys and values of all rows of a series, in the order of their slots."""
        return self.scan(partition, series + b"\x00", series + b"\x01")

    def newest(self, partition: int, series: bytes, count: int) -> list[Row]:
        """The newest rows of a series, oldest first. Raises UnreadableState."""
        newest = self._newest_number(partition, series)
        if newest is None:
            return []
        first = max(0, newest + 1 - min(count, self.keep_bars))
        start, end = first % self.keep_bars, newest % self.keep_bars
        spans = [(start, end)] if start <= end else [(start, self.keep_bars - 1), (0, end)]
        rows: list[Row] = []
        for low, high in spans:
            bounds = row_key(series, low), row_key(series, high + 1)
            rows += [self.decode(key, value) for key, value in self.scan(partition, *bounds)]
        return rows

    def decode(self, key: bytes, value: bytes) -> Row:
        """The row of a value. Raises UnreadableState."""
        try:
            return decode_row(value)
        except ValueError as error:
            raise UnreadableState(self.name, key, error) from error

    def forget(self, partition: int) -> None:
        """Drop a partition's windows from memory."""
        self._cached.pop(partition, None)

    def keep(self, partition: int, series: bytes, window: Window) -> None:
        """Put a window into the cache unless there is one already."""
        self._cached.setdefault(partition, OrderedDict()).setdefault(series, window)

    def room(self, partition: int) -> int:
        """How many more of a partition's windows the cache takes."""
        return max(0, self._most_cached - len(self._cached.get(partition, ())))

    @property
    def _most_cached(self) -> int:
        """Windows of one partition that may be in memory."""
        return MOST_CACHED // max(1, len(self.active))

    def _newest_number(self, partition: int, series: bytes) -> int | None:
        """The number of a series' newest bar, found in the ring by bisection; None when there is no row."""
        first = self._number(partition, series, 0)
        if first is None:
            return None
        # Rows of the newest lap stand in front: slot s of them holds bar first + s.
        low, high = 0, self.keep_bars - 1
        while low < high:
            middle = (low + high + 1) // 2
            if self._number(partition, series, middle) == first + middle:
                low = middle
            else:
                high = middle - 1
        return first + low

    def _number(self, partition: int, series: bytes, slot: int) -> int | None:
        key = row_key(series, slot)
        value = self.read(partition, key)
        if value is None:
            return None
        try:
            return number_of(value)
        except ValueError as error:
            raise UnreadableState(self.name, key, error) from error

    def _forget_all(self, active: frozenset[int]) -> None:
        self._cached.clear()

    def _check_made(self, state: str) -> None:
        """Raise StateDiffers where the table was made by a newer program or with other settings."""
        try:
            made: Mapping[str, Any] = json.loads(state)
            rows, keep_bars, strategy = int(made["rows"]), int(made["keep_bars"]), str(made["strategy"])
        except (ValueError, KeyError, TypeError) as error:
            raise StateDiffers(
                f"The checkpoint of table {self.name} says nothing of its rows: {state!r}{_HINT}"
            ) from error
        if rows > VERSION:
            raise StateDiffers(
                f"The rows of table {self.name} have format version {rows}, this program writes version {VERSION}: "
                "run a newer one"
            )
        if strategy != self.strategy.name:
            raise StateDiffers(
                f"Table {self.name} was made by strategy {strategy}, but the settings say {self.strategy.name}: "
                "another strategy is another deployment, so give it an APP_ID and a DATA_DIR of its own"
            )
        if keep_bars != self.keep_bars:
            raise StateDiffers(
                f"Table {self.name} keeps {keep_bars} bars a series, but KEEP_BARS is {self.keep_bars}: "
                f"set it back{_HINT}"
            )
