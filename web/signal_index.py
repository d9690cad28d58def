"""An index of the table's rows in memory, so that a search need not scan the table.

The worker passes every row that it writes, or reads at the start, to this index. It keeps five
bytes a row and each symbol's newest row, and reads others only when someone asks for them.
"""

from collections.abc import Callable, Mapping

import numpy as np

from app.domain.key import split_key, table_key
from app.domain.records import MINUTE_MS, Origin
from app.domain.row import ACTIONS, Ints, Row
from tables.row_format import read_fixed, row_key, series_of
from web.index_columns import EMPTY, SLOTS_A_TURN, Codes, IndexColumns, codes_of
from web.reader import RunInfo, SymbolState
from web.run_choice import is_live

ReadRow = Callable[[int, bytes], Row | None]
"""The table's row of a partition and key."""


class IndexedSeries:
    """One symbol of one run, its place in the columns, and the bytes of its newest bar's row."""

    __slots__ = ("key", "newest", "partition", "place", "run", "symbol")

    def __init__(self, partition: int, key: bytes, run: "IndexedRun", symbol: str, place: int) -> None:
        self.partition = partition
        self.key = key
        self.run = run
        self.symbol = symbol
        self.place = place
        self.newest = b""


class IndexedRun:
    """What is known of one run: totals by code, and the row that was written last."""

    __slots__ = ("_in_order", "active", "counts", "latest", "run_id", "series")

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.series: dict[str, IndexedSeries] = {}
        self.counts: Ints = np.zeros(256, np.int64)
        self.active = -1
        self.latest: tuple[int, bytes]
        self._in_order: tuple[list[IndexedSeries], Ints] | None = None

    def in_order(self) -> tuple[list[IndexedSeries], Ints]:
        """The series by symbol, and their places."""
        if self._in_order is None:
            series = [self.series[symbol] for symbol in sorted(self.series)]
            self._in_order = series, np.array([each.place for each in series], np.int64)
        return self._in_order

    def forget_order(self) -> None:
        """To be called when series came or went."""
        self._in_order = None


class SignalIndex:
    """An index over the table's rows on this worker, in memory. For one event loop.

    `read` is called with partition and key of a row that was put into the index and not dropped. A look at all rows
    comes in parts of about `slots_a_turn`.
    Times are UTC epoch milliseconds.
    """

    def __init__(self, read: ReadRow, keep_bars: int, slots_a_turn: int = SLOTS_A_TURN) -> None:
        self._read = read
        self.keep_bars = keep_bars
        self.columns = IndexColumns(keep_bars, slots_a_turn)
        self._series: dict[bytes, IndexedSeries] = {}
        self._runs: dict[str, IndexedRun] = {}

    def put(self, partition: int, rows: Mapping[bytes, bytes]) -> None:
        """Add rows that the table now holds; the same rows may come again. Raises UnknownFormat."""
        if not rows:
            return
        fixed = read_fixed(rows.values())
        known = self._series
        series = [known.get(key) or self._add(partition, key) for key in map(series_of, rows)]
        places = np.fromiter((each.place for each in series), np.int64, len(series))
        codes = codes_of(fixed["action"], fixed["previous_action"])
        numbers, minutes = fixed["number"].astype(np.int64), fixed["minute"].astype(np.int64)
        before = self.columns.put(places, numbers, minutes, codes, fixed["open"])
        values = list(rows.values())
        for at in np.flatnonzero(numbers == self.columns.newest[places]).tolist():
            series[at].newest = values[at]
        emitted = fixed["emitted_at"]
        for run in {each.run.run_id: each.run for each in series}.values():
            ours = np.fromiter((each.run is run for each in series), bool, len(series))
            run.counts += _counted(codes[ours]) - _counted(before[ours])
            # The last of several that were emitted at the same time.
            at = int(np.flatnonzero(ours & (emitted == emitted[ours].max()))[-1])
            if emitted[at] >= run.active:
                run.active = int(emitted[at])
                run.latest = partition, row_key(series[at].key, int(numbers[at]) % self.keep_bars)

    def drop(self, partition: int) -> None:
        """Forget a partition: this worker no longer holds it."""
        gone = [each for each in self._series.values() if each.partition == partition]
        for series in gone:
            run = series.run
            run.counts -= _counted(self.columns.codes[series.place])
            self.columns.remove(series.place)
            del self._series[series.key], run.series[series.symbol]
            run.forget_order()
        for run in {each.run.run_id: each.run for each in gone}.values():
            if not run.series:
                del self._runs[run.run_id]
            elif run.latest[0] == partition:
                series_left, places = run.in_order()
                newest = series_left[int(self.columns.newest_minutes(places).argmax())]
                number = int(self.columns.newest[newest.place])
                run.latest = newest.partition, row_key(newest.key, number % self.keep_bars)

    def run(self, run_id: str) -> IndexedRun | None:
        """What is known of a run."""
        return self._runs.get(run_id)

    def runs(self) -> list[RunInfo]:
        """Every run, the one active last first."""
        return [
            self._info(run, row.provenance.origin)
            for run in sorted(self._runs.values(), key=lambda run: (-run.active, run.run_id))
            if (row := self._read(*run.latest))
        ]

    def _info(self, run: IndexedRun, origin: Origin) -> RunInfo:
        columns, (_, places) = self.columns, run.in_order()
        numbers, minutes = columns.oldest_rows(places)
        return RunInfo(
            run_id=run.run_id,
            origin=origin,
            is_live=is_live(run.run_id, origin),
            first_bar=None if numbers.any() else int(minutes.min()) * MINUTE_MS,
            oldest_kept=int(minutes.min()) * MINUTE_MS,
            newest_bar=int(columns.newest_minutes(places).max()) * MINUTE_MS,
            symbols=len(run.series),
            bars=int((columns.newest[places] + 1).sum()),
            signals=int(run.counts.sum()),
            active_at=run.active,
        )

    def symbols(self, run_id: str) -> list[str]:
        """The run's symbols, ascending; none for an unknown run."""
        run = self._runs.get(run_id)
        return sorted(run.series) if run else []

    def symbol_states(self, run_id: str) -> list[SymbolState]:
        """Each symbol of the run with its newest bar, by symbol; none for an unknown run."""
        run = self._runs.get(run_id)
        if not run:
            return []
        series, places = run.in_order()
        codes, minutes, numbers = (each[:, 0] for each in self.columns.newest_rows(places, 1, np.zeros_like(places)))
        states = zip(series, (minutes * MINUTE_MS).tolist(), (codes // 4).tolist(), (numbers + 1).tolist(), strict=True)
        return [SymbolState(each.symbol, newest, ACTIONS[action], bars) for each, newest, action, bars in states]

    def partition_of(self, symbol: str) -> int | None:
        """On which partition here the symbol's producer put it, in any run; None where no run has it."""
        return next((found.partition for run in self._runs.values() if (found := run.series.get(symbol))), None)

    def place(self, run_id: str, symbol: str) -> tuple[int, bytes, int] | None:
        """Partition, key and number of rows of a symbol; None for an unknown run or symbol."""
        series = self._series.get(table_key(run_id, symbol))
        if series is None:
            return None
        return series.partition, series.key, self.columns.rows_of(series.place)

    def _add(self, partition: int, key: bytes) -> IndexedSeries:
        run_id, symbol = split_key(key)
        run = self._runs.setdefault(run_id, IndexedRun(run_id))
        series = self._series[key] = run.series[symbol] = IndexedSeries(partition, key, run, symbol, self.columns.add())
        run.forget_order()
        return series

    def is_here(self, series: IndexedSeries) -> bool:
        """Whether the series' partition has not gone since it was found."""
        return self._series.get(series.key) is series


def _counted(codes: Codes) -> Ints:
    """How many rows have each code."""
    counts = np.bincount(codes, minlength=256)
    counts[EMPTY] = 0
    return counts
