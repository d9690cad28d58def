"""The rows of every run and symbol in RocksDB: for each series a ring of its newest bars."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple, NoReturn

import numpy as np

from app.domain.provenance import Provenance
from app.domain.row import Bools, Ints, Objects, Row, Rows
from app.domain.row_integrity import row_fault
from app.domain.strategy import Strategy
from app.engine.errors import UnreadableState
from app.engine.table import BatchTable
from tables.row_format import decode_row, decode_rows, encode_rows, number_of, read_fixed, row_key, row_keys, slot_of


class NewestRows(NamedTuple):
    """The newest rows of some series: those of the first, oldest first, then those of the second, and so on."""

    series: Sequence[bytes]
    #: How many rows each series has here.
    counts: Ints
    rows: Rows
    provenances: Objects

    def of(self, wanted: Bools) -> "NewestRows":
        """The newest rows of some of the series."""
        rows = np.repeat(wanted, self.counts)
        series = [each for each, is_wanted in zip(self.series, wanted, strict=True) if is_wanted]
        return NewestRows(series, self.counts[wanted], self.rows[rows], self.provenances[rows])


class RowsTable(BatchTable):
    """Rows by `tables.row_format.row_key`, all made with one strategy; of each series at most `keep_bars`."""

    def __init__(self, app: Any, *, strategy: Strategy, keep_bars: int, **kwargs: Any) -> None:
        super().__init__(app, **kwargs)
        self.strategy = strategy
        self.keep_bars = keep_bars

    def entries(
        self, series: Sequence[bytes], rows: Rows, provenances: Sequence[Provenance] | Objects
    ) -> dict[bytes, bytes]:
        """Keys and bytes of rows, each with its series; of several with the same key the last one's."""
        keys = row_keys(series, rows["number"] % self.keep_bars)
        return dict(zip(keys, encode_rows(rows, provenances, self.strategy.name), strict=True))

    def series(self, partition: int, series: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Keys and values of all rows of a series, in the order of their slots."""
        return self.scan(partition, series + b"\x00", series + b"\x01")

    def read_rows(self, partition: int, keys: list[bytes]) -> list[bytes | None]:
        """The bytes of rows; None for a key without a row. Raises UnreadableState for a row of an unknown version."""
        values = self.read_many(partition, keys)
        try:
            read_fixed(value for value in values if value is not None)
        except ValueError:
            self._check_readable((key, value) for key, value in zip(keys, values, strict=True) if value is not None)
            raise
        return values

    def newest(self, partition: int, series: bytes, count: int) -> list[Row]:
        """The newest rows of a series, oldest first. Raises UnreadableState."""
        numbers, values = self._newest_values(partition, series, count)
        return [self.decode(self._key(series, number), value) for number, value in zip(numbers, values, strict=True)]

    def newest_rows(self, partition: int, series: Sequence[bytes]) -> NewestRows:
        """The newest rows of series, as many of each as the strategy keeps or all there are; ~0.1 ms a series.

        Raises UnreadableState for rows that nobody can continue.
        """
        found = [self._newest_values(partition, each, self.strategy.window) for each in series]
        counts = np.array([len(values) for _, values in found], np.int64)
        values = [value for _, values in found for value in values]
        starts = np.cumsum(counts) - counts

        def key(at: int) -> bytes:
            """The key of one of the values."""
            which = int(np.searchsorted(starts, at, "right")) - 1
            return self._key(series[which], found[which][0][at - int(starts[which])])

        try:
            rows, provenances = decode_rows(values, self.strategy.dtype)
        except ValueError:
            self._check_readable((key(at), value) for at, value in enumerate(values))
            raise
        if fault := _order_fault(rows, [numbers for numbers, _ in found], starts[counts > 0]) or row_fault(rows):
            at, sentence = fault
            self._refuse(key(at), f" row: {sentence}")
        return NewestRows(series, counts, rows, np.fromiter(provenances, object, len(values)))

    def check_series(self, series: bytes, rows: Mapping[bytes, bytes]) -> None:
        """Check that all rows of a series exist and have a known version. Raises UnreadableState."""
        try:
            numbers = read_fixed(rows.values())["number"]
        except ValueError:
            self._check_readable(rows.items())
            raise
        self._check_count(series, int(numbers.max()), len(numbers), self.keep_bars)

    def decode(self, key: bytes, value: bytes) -> Row:
        """The row of a value. Raises UnreadableState."""
        try:
            return decode_row(value, self.strategy.dtype)
        except ValueError as error:
            raise UnreadableState(self.name, key, error) from error

    def _check_readable(self, rows: Iterable[tuple[bytes, bytes]]) -> None:
        """Raise UnreadableState for the first of these keys and values that cannot be read."""
        for row in rows:
            self.decode(*row)

    def _newest_values(self, partition: int, series: bytes, count: int) -> tuple[range, list[bytes]]:
        """The numbers of a series' newest bars, and the bytes of their rows. Raises UnreadableState."""
        newest = self._newest_number(partition, series)
        if newest is None:
            return range(0), []
        first = max(0, newest + 1 - min(count, self.keep_bars))
        start, end = first % self.keep_bars, newest % self.keep_bars
        spans = [(start, end)] if start <= end else [(start, self.keep_bars - 1), (0, end)]
        values: list[bytes] = []
        for low, high in spans:
            values += self.read_range(partition, row_key(series, low), row_key(series, high + 1))
        self._check_count(series, newest, len(values), count)
        return range(first, newest + 1), values

    def _check_count(self, series: bytes, newest: int, found: int, wanted: int) -> None:
        needed = min(newest + 1, wanted, self.keep_bars)
        if found < needed:
            self._refuse(self._key(series, newest), f": there are {found} rows of the {needed} newest")

    def _key(self, series: bytes, number: int) -> bytes:
        return row_key(series, number % self.keep_bars)

    def _refuse(self, key: bytes, damage: str) -> NoReturn:
        raise UnreadableState(self.name, key, f"damaged{damage}")

    def _newest_number(self, partition: int, series: bytes) -> int | None:
        """The number of a series' newest bar; None when there is no row."""
        last = self.last(partition, row_key(series, 0), row_key(series, self.keep_bars))
        if last is None:
            return None
        if slot_of(last[0]) < self.keep_bars - 1:
            return self._number(*last)  # The ring has not come round yet.
        # Rows of the newest lap stand in front: slot s of them holds bar first + s.
        first = self._number_in(partition, series, 0)
        low, high = 0, self.keep_bars - 1
        while low < high:
            middle = (low + high + 1) // 2
            if self._number_in(partition, series, middle) == first + middle:
                low = middle
            else:
                high = middle - 1
        return first + low

    def _number_in(self, partition: int, series: bytes, slot: int) -> int:
        """The number of the bar in a slot of a full ring."""
        key = row_key(series, slot)
        value = self.read(partition, key)
        if value is None:
            self._refuse(key, ": there is no row")
        return self._number(key, value)

    def _number(self, key: bytes, value: bytes) -> int:
        try:
            return number_of(value)
        except ValueError as error:
            raise UnreadableState(self.name, key, error) from error


def _order_fault(rows: Rows, numbers: Sequence[range], firsts: Ints) -> tuple[int, str] | None:
    """The index of a row that is not the bar that it should be, or not later than the one before, and a sentence.

    `firsts` are the indices of each series' first row.
    """
    expected = np.fromiter(chain.from_iterable(numbers), np.int64, len(rows))
    wrong = rows["number"] != expected
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        return at, f"it is bar {rows['number'][at]} where bar {expected[at]} should be"
    later = np.diff(rows["minute"].astype(np.int64), prepend=0) > 0
    later[firsts] = True
    if not later.all():
        at = int(np.flatnonzero(~later)[0])
        return at, f"bar {expected[at]} is not later than bar {expected[at] - 1}"
    return None
