"""The windows of every run and symbol: a row a bar in RocksDB, and a bounded cache of windows in front of it."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NoReturn, TypeVar

import numpy as np

from app.domain.provenance import Provenance
from app.domain.row import Ints, Row, Rows
from app.domain.row_integrity import row_fault
from app.domain.strategy import Strategy
from app.domain.windows import Windows
from app.engine.errors import UnreadableState
from app.engine.table import BatchTable
from app.errors import StocksError
from tables.row_format import VERSION, decode_row, decode_rows, encode_rows, number_of, read_fixed, row_key, row_keys

Found = TypeVar("Found")

#: Windows kept in memory, of all partitions together, some 9 kB each; fewer where a rule looks further back.
MOST_CACHED = 20_000
_USUAL_ROWS = 60

_HINT = (
    ": run `stocks tables rebuild`, which sets the table back so that workers compute it again from the bars, "
    "or give this deployment an APP_ID and a DATA_DIR of its own"
)


class StateDiffers(StocksError):
    """The table was made with other settings."""


class _Cached:
    """Windows of one partition, and where each series is in them."""

    def __init__(self, strategy: Strategy) -> None:
        self.windows = Windows(strategy)
        self._places: dict[bytes, int] = {}
        #: When each place was last used, counted in batches.
        self._used: dict[int, int] = {}
        self._batches = 0

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, series: bytes) -> bool:
        return series in self._places

    def add(self, series: bytes, rows: Rows, provenances: Sequence[Provenance]) -> None:
        """Add a series with its newest rows, oldest first."""
        place = self._places[series] = self.windows.add(series)
        self._used[place] = self._batches
        if len(rows):
            self.windows.fill(place, rows, provenances)

    def trim(self, most: int) -> None:
        """Drop the series used longest ago, but for so many."""
        if len(self._places) > most:
            by_use = sorted(self._places, key=lambda series: self._used[self._places[series]])
            for series in by_use[: len(by_use) - most]:
                self.windows.remove(self._places.pop(series))

    def use(self, series: Sequence[bytes]) -> Ints:
        """The places of series that are there, for a batch."""
        self._batches += 1
        places = list(map(self._places.__getitem__, series))
        self._used.update(dict.fromkeys(places, self._batches))
        return np.array(places, np.int64)


class WindowsTable(BatchTable):
    """Rows by `tables.row_format.row_key`, all made with one strategy and one `keep_bars`.

    A partition's windows are loaded when a series is first needed, and a batch puts its updates
    into them. Memory is ahead of the table while a batch is written, so all of a partition's
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
        self._cached: dict[int, _Cached] = {}
        #: How often windows were loaded for a batch.
        self.loads = 0
        self.on_assignment.append(self._forget_all)
        self.on_dropped.append(self.forget)

    def load(self, partition: int, series: Sequence[bytes]) -> tuple[Windows, Ints]:
        """The partition's windows, and the places in them of series, for a batch to read and put updates into.

        New series have empty windows. Raises UnreadableState.
        """
        self.loads += 1
        cached = self._cached_of(partition)
        # Not later: a batch needs all of its windows until it is finished.
        cached.trim(self._most_cached)
        for each in series:
            if each not in cached:
                rows, provenances = self.restored(each, self.newest_values(partition, each, self.strategy.window))
                cached.add(each, rows, provenances)
        return cached.windows, cached.use(series)

    def restored(self, series: bytes, newest: Mapping[bytes, bytes]) -> tuple[Rows, list[Provenance]]:
        """The newest rows of a series, oldest first, as many as the strategy keeps or all there are.

        Raises UnreadableState for rows that nobody can continue.
        """
        if not newest:
            return np.zeros(0, self.strategy.dtype), []
        rows, provenances = self._read(lambda values: decode_rows(values, self.strategy.dtype), newest)
        numbers, minutes = rows["number"].astype(np.int64), rows["minute"].astype(np.int64)
        in_order = (np.diff(numbers) == 1) & (np.diff(minutes) > 0)
        if not in_order.all():
            at = int(np.flatnonzero(~in_order)[0]) + 1
            self._refuse(series, numbers[at], f"row: it is bar {numbers[at]} behind bar {numbers[at - 1]}")
        if fault := row_fault(rows):
            at, sentence = fault
            self._refuse(series, numbers[at], f"row: {sentence}")
        if len(rows) < (needed := min(numbers[-1] + 1, self.strategy.window)):
            self._refuse(series, numbers[-1], f": there are {len(rows)} rows of the {needed} newest")
        return rows, provenances

    def check_series(self, series: bytes, rows: Mapping[bytes, bytes]) -> None:
        """See that all rows of a series are there and of a known version. Raises UnreadableState."""
        numbers = self._read(read_fixed, rows)["number"]
        newest = int(numbers.max())
        if len(numbers) < (needed := min(newest + 1, self.keep_bars)):
            self._refuse(series, newest, f": there are {len(numbers)} rows of the {needed} newest")

    def _read(self, read: Callable[[Iterable[bytes]], Found], rows: Mapping[bytes, bytes]) -> Found:
        """What `read` makes of rows. Raises UnreadableState, which names the row."""
        try:
            return read(rows.values())
        except ValueError:
            for row in rows.items():
                self.decode(*row)  # It raises for the one that cannot be read.
            raise

    def _refuse(self, series: bytes, number: int, damage: str) -> NoReturn:
        raise UnreadableState(self.name, row_key(series, int(number) % self.keep_bars), f"damaged{damage}")

    def entries(self, series: Sequence[bytes], rows: Rows, provenances: Iterable[Provenance]) -> dict[bytes, bytes]:
        """Keys and bytes of rows, each with its series; of several with the same key the last one's."""
        keys = row_keys(series, rows["number"] % self.keep_bars)
        return dict(zip(keys, encode_rows(rows, provenances, self.strategy.name), strict=True))

    def series(self, partition: int, series: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Keys and values of all rows of a series, in the order of their slots."""
        return self.scan(partition, series + b"\x00", series + b"\x01")

    def newest(self, partition: int, series: bytes, count: int) -> list[Row]:
        """The newest rows of a series, oldest first. Raises UnreadableState."""
        return [self.decode(*item) for item in self.newest_values(partition, series, count).items()]

    def newest_values(self, partition: int, series: bytes, count: int) -> dict[bytes, bytes]:
        """Keys and bytes of the newest rows of a series, oldest first. Raises UnreadableState."""
        newest = self._newest_number(partition, series)
        if newest is None:
            return {}
        first = max(0, newest + 1 - min(count, self.keep_bars))
        start, end = first % self.keep_bars, newest % self.keep_bars
        spans = [(start, end)] if start <= end else [(start, self.keep_bars - 1), (0, end)]
        values: dict[bytes, bytes] = {}
        for low, high in spans:
            values.update(self.scan(partition, row_key(series, low), row_key(series, high + 1)))
        return values

    def decode(self, key: bytes, value: bytes) -> Row:
        """The row of a value. Raises UnreadableState."""
        try:
            return decode_row(value, self.strategy.dtype)
        except ValueError as error:
            raise UnreadableState(self.name, key, error) from error

    def forget(self, partition: int) -> None:
        """Drop a partition's windows from memory."""
        self._cached.pop(partition, None)

    def keep(self, partition: int, series: bytes, rows: Rows, provenances: Sequence[Provenance]) -> None:
        """Put a window into the cache, of what `restored` gives, unless there is one already."""
        cached = self._cached_of(partition)
        if series not in cached:
            cached.add(series, rows, provenances)

    def room(self, partition: int) -> int:
        """How many more of a partition's windows the cache takes."""
        cached = self._cached.get(partition)
        return max(0, self._most_cached - (len(cached) if cached else 0))

    def _cached_of(self, partition: int) -> _Cached:
        if partition not in self._cached:
            self._cached[partition] = _Cached(self.strategy)
        return self._cached[partition]

    @property
    def _most_cached(self) -> int:
        """Windows of one partition that may be in memory."""
        usual = MOST_CACHED * _USUAL_ROWS // max(_USUAL_ROWS, self.strategy.window)
        return usual // max(1, len(self.active))

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
