"""The newest signals over all symbols, without a scan of the table.

The worker tells this index of every row it writes or reads at the start. It keeps a
byte a row, and reads the row itself only when someone asks for it.
"""

import heapq
from collections.abc import Callable, Iterator, Mapping

from app.domain.decisions import ACTIONS
from app.domain.key import split_key, table_key
from app.domain.records import Action
from app.domain.row import Row
from app.turns import in_turns
from tables.row_format import row_key, series_of, slot_of, summaries_of
from web.reader import RunInfo, SignalFilter

ReadRow = Callable[[int, bytes], Row | None]
"""The table's row of a partition and key."""

_EMPTY = 255
_NO_PREVIOUS = 3


class _Series:
    """What is known of one symbol of one run; `codes` has a byte for each slot of its ring."""

    __slots__ = ("codes", "key", "newest", "newest_number", "partition", "run", "symbol")

    def __init__(self, partition: int, key: bytes, run: "_Run", symbol: str) -> None:
        self.partition = partition
        self.key = key
        self.run = run
        self.symbol = symbol
        self.codes = bytearray()
        self.newest = 0
        self.newest_number = -1


class _Run:
    """What is known of one run: totals by code, and the row that was written last."""

    __slots__ = ("active", "counts", "latest", "run_id", "series")

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.series: dict[str, _Series] = {}
        self.counts = [0] * 256
        self.active = -1
        self.latest: tuple[int, bytes]


class SignalIndex:
    """An index over the table's rows on this worker, in memory. For one event loop.

    `read` is called with partition and key of a row that was put into the index and not dropped.
    Times are UTC epoch milliseconds.
    """

    def __init__(self, read: ReadRow, keep_bars: int) -> None:
        self._read = read
        self._keep_bars = keep_bars
        self._series: dict[bytes, _Series] = {}
        self._runs: dict[str, _Run] = {}

    def put(self, partition: int, rows: Mapping[bytes, bytes]) -> None:
        """Take note of rows that the table now holds; the same may come again. Raises UnknownFormat."""
        for key, number, timestamp, action, previous, emitted_at in zip(
            rows, *summaries_of(rows.values()), strict=True
        ):
            series_key = series_of(key)
            series = self._series.get(series_key) or self._add(partition, series_key)
            run, codes, slot = series.run, series.codes, slot_of(key)
            if slot >= len(codes):
                codes.extend(bytes([_EMPTY]) * (slot + 1 - len(codes)))
            before = codes[slot]
            if before != _EMPTY:
                run.counts[before] -= 1
            codes[slot] = code = action * 4 + min(previous, _NO_PREVIOUS)
            run.counts[code] += 1
            if number >= series.newest_number:
                series.newest_number, series.newest = number, timestamp
            if emitted_at >= run.active:
                run.active, run.latest = emitted_at, (partition, key)

    def drop(self, partition: int) -> None:
        """Forget a partition: this worker no longer holds it."""
        for series in [each for each in self._series.values() if each.partition == partition]:
            del self._series[series.key]
            run = series.run
            del run.series[series.symbol]
            for code in series.codes:
                run.counts[code] -= code != _EMPTY
            if not run.series:
                del self._runs[run.run_id]
            elif run.latest[0] == partition:
                newest = max(run.series.values(), key=lambda each: each.newest)
                run.latest = newest.partition, row_key(newest.key, newest.newest_number % self._keep_bars)

    def runs(self) -> list[RunInfo]:
        """Every run, the one active last first."""
        return [
            RunInfo(
                run.run_id,
                row.provenance.origin,
                max(series.newest for series in run.series.values()),
                len(run.series),
                sum(run.counts),
            )
            for run in sorted(self._runs.values(), key=lambda run: (-run.active, run.run_id))
            if (row := self._read(*run.latest))
        ]

    def symbols(self, run_id: str) -> list[str]:
        """The run's symbols, ascending; none for an unknown run."""
        run = self._runs.get(run_id)
        return sorted(run.series) if run else []

    def knows(self, symbol: str) -> bool:
        """Whether any run has the symbol here, on whichever partition its producer put it."""
        return any(symbol in run.series for run in self._runs.values())

    def place(self, run_id: str, symbol: str) -> tuple[int, bytes, int] | None:
        """Partition, key and number of rows of a symbol; None for an unknown run or symbol."""
        series = self._series.get(table_key(run_id, symbol))
        if series is None:
            return None
        return series.partition, series.key, len(series.codes) - series.codes.count(_EMPTY)

    async def recent(self, run_id: str, wanted: SignalFilter) -> tuple[int, list[tuple[str, Row]]]:
        """How many of the run's signals match, and the newest of them with their symbols: newest bar first.

        Each symbol's next match is looked for only when it can be among the newest: a bar that is
        k bars behind the newest of its symbol is at least k minutes older.
        """
        run = self._runs.get(run_id)
        if not run:
            return 0, []
        codes = _codes(wanted)
        # Minus a time, and a symbol, which no two have in common, so nothing behind them is compared.
        candidates: list[tuple[int, str, int, Row | None, _Series, Iterator[int]]] = []
        async for series in in_turns(list(run.series.values())):
            matches = self._matches(series, codes)
            if (number := next(matches, None)) is not None:
                candidates.append((-_latest_time(series, number), series.symbol, number, None, series, matches))
        heapq.heapify(candidates)
        found: list[tuple[_Series, Row]] = []
        async for _ in in_turns(iter(lambda: bool(candidates) and len(found) < wanted.limit, False)):
            _, symbol, number, row, series, matches = heapq.heappop(candidates)
            if row is not None:
                found.append((series, row))
            elif (row := self._row(series, number)) is not None and wanted.matches(row):
                # Only now is its time known; it goes back to where it belongs.
                heapq.heappush(candidates, (-row.timestamp, symbol, number, row, series, matches))
                continue
            if self._is_here(series) and (following := next(matches, None)) is not None:
                latest = _latest_time(series, following)
                heapq.heappush(candidates, (-latest, symbol, following, None, series, matches))
        # As things are now: partitions may have gone while others had their turn.
        return sum(run.counts[code] for code in codes), [
            (series.symbol, row) for series, row in found if self._is_here(series)
        ]

    def _add(self, partition: int, key: bytes) -> _Series:
        run_id, symbol = split_key(key)
        run = self._runs.setdefault(run_id, _Run(run_id))
        series = self._series[key] = run.series[symbol] = _Series(partition, key, run, symbol)
        return series

    def _matches(self, series: _Series, codes: frozenset[int]) -> Iterator[int]:
        """The numbers of the series' bars with one of these codes, newest first."""
        newest, keep = series.newest_number, self._keep_bars
        for number in range(newest, max(-1, newest - keep), -1):
            slot = number % keep
            if slot < len(series.codes) and series.codes[slot] in codes:
                yield number

    def _is_here(self, series: _Series) -> bool:
        return self._series.get(series.key) is series

    def _row(self, series: _Series, number: int) -> Row | None:
        # While others had their turn, the partition may have gone, or the row been taken by a newer bar.
        if not self._is_here(series):
            return None
        row = self._read(series.partition, row_key(series.key, number % self._keep_bars))
        return row if row is not None and row.number == number else None


def _latest_time(series: _Series, number: int) -> int:
    """The time that a bar of this number cannot be later than, UTC epoch milliseconds."""
    return series.newest - (series.newest_number - number) * 60_000


def _codes(wanted: SignalFilter) -> frozenset[int]:
    """The codes of rows that match."""
    actions: frozenset[Action] = wanted.actions or frozenset(ACTIONS)
    return frozenset(
        action * 4 + previous
        for action, name in enumerate(ACTIONS)
        if name in actions
        for previous in range(4)
        if not wanted.transitions or previous not in (action, _NO_PREVIOUS)
    )
