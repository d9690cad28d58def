"""The newest signals over all symbols, without a scan of the table.

The worker tells this index of every row it writes or reads at the start. It keeps five
bytes a row, and reads the row itself only when someone asks for it.
"""

from bisect import bisect_right
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from app.domain.key import split_key, table_key
from app.domain.records import MINUTE_MS, Origin
from app.domain.row import ACTIONS, Bools, Ints, Row
from app.turns import in_turns
from tables.row_format import read_fixed, row_key, series_of
from web.index_columns import EMPTY, Codes, IndexColumns, codes_of, is_transition
from web.reader import RunInfo, SessionRows, SignalFilter, SymbolState
from web.run_choice import is_live

ReadRow = Callable[[int, bytes], Row | None]
"""The table's row of a partition and key."""

ReadBytes = Callable[[int, bytes], bytes | None]
"""The same as bytes."""

#: How many of the newest bars of each series are looked at first: at a minute's end the newest ones have one minute.
_NEWEST = (1, 8)


class _Series:
    """One symbol of one run, and its place in the columns."""

    __slots__ = ("key", "partition", "place", "run", "symbol")

    def __init__(self, partition: int, key: bytes, run: "_Run", symbol: str, place: int) -> None:
        self.partition = partition
        self.key = key
        self.run = run
        self.symbol = symbol
        self.place = place


class _Run:
    """What is known of one run: totals by code, and the row that was written last."""

    __slots__ = ("_in_order", "active", "counts", "latest", "run_id", "series")

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.series: dict[str, _Series] = {}
        self.counts: Ints = np.zeros(256, np.int64)
        self.active = -1
        self.latest: tuple[int, bytes]
        self._in_order: tuple[list[_Series], Ints] | None = None

    def in_order(self) -> tuple[list[_Series], Ints]:
        """The series by symbol, and their places."""
        if self._in_order is None:
            series = [self.series[symbol] for symbol in sorted(self.series)]
            self._in_order = series, np.array([each.place for each in series], np.int64)
        return self._in_order

    def forget_order(self) -> None:
        """To be called when series came or went."""
        self._in_order = None


_Chosen = tuple[_Series, int, int]
"""A row by its series, its bar's number, and the minute with which that starts."""


class Found(NamedTuple):
    """How many rows match, the first of them with their symbols, and the last's bar and symbol if there are more."""

    total: int
    rows: list[tuple[str, Row]]
    next: tuple[int, str] | None


class SignalIndex:
    """An index over the table's rows on this worker, in memory. For one event loop.

    `read` is called with partition and key of a row that was put into the index and not dropped.
    Times are UTC epoch milliseconds.
    """

    def __init__(self, read: ReadRow, keep_bars: int) -> None:
        self._read = read
        self._keep_bars = keep_bars
        self._columns = IndexColumns(keep_bars)
        self._series: dict[bytes, _Series] = {}
        self._runs: dict[str, _Run] = {}

    def put(self, partition: int, rows: Mapping[bytes, bytes]) -> None:
        """Take note of rows that the table now holds; the same may come again. Raises UnknownFormat."""
        if not rows:
            return
        fixed = read_fixed(rows.values())
        known = self._series
        series = [known.get(key) or self._add(partition, key) for key in map(series_of, rows)]
        places = np.fromiter((each.place for each in series), np.int64, len(series))
        codes = codes_of(fixed["action"], fixed["previous_action"])
        numbers, minutes = fixed["number"].astype(np.int64), fixed["minute"].astype(np.int64)
        before = self._columns.put(places, numbers, minutes, codes)
        emitted = fixed["emitted_at"]
        for run in {each.run.run_id: each.run for each in series}.values():
            ours = np.fromiter((each.run is run for each in series), bool, len(series))
            run.counts += _counted(codes[ours]) - _counted(before[ours])
            # The last of several that were emitted at the same time.
            at = int(np.flatnonzero(ours & (emitted == emitted[ours].max()))[-1])
            if emitted[at] >= run.active:
                run.active = int(emitted[at])
                run.latest = partition, row_key(series[at].key, int(numbers[at]) % self._keep_bars)

    def drop(self, partition: int) -> None:
        """Forget a partition: this worker no longer holds it."""
        gone = [each for each in self._series.values() if each.partition == partition]
        for series in gone:
            run = series.run
            run.counts -= _counted(self._columns.codes[series.place])
            self._columns.remove(series.place)
            del self._series[series.key], run.series[series.symbol]
            run.forget_order()
        for run in {each.run.run_id: each.run for each in gone}.values():
            if not run.series:
                del self._runs[run.run_id]
            elif run.latest[0] == partition:
                series_left, places = run.in_order()
                newest = series_left[int(self._columns.newest_minutes(places).argmax())]
                number = int(self._columns.newest[newest.place])
                run.latest = newest.partition, row_key(newest.key, number % self._keep_bars)

    def runs(self) -> list[RunInfo]:
        """Every run, the one active last first."""
        return [
            self._info(run, row.provenance.origin)
            for run in sorted(self._runs.values(), key=lambda run: (-run.active, run.run_id))
            if (row := self._read(*run.latest))
        ]

    def _info(self, run: _Run, origin: Origin) -> RunInfo:
        columns, (_, places) = self._columns, run.in_order()
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
        codes, minutes, numbers = (each[:, 0] for each in self._columns.newest_rows(places, 1, np.zeros_like(places)))
        states = zip(series, (minutes * MINUTE_MS).tolist(), (codes // 4).tolist(), (numbers + 1).tolist(), strict=True)
        return [SymbolState(each.symbol, newest, ACTIONS[action], bars) for each, newest, action, bars in states]

    def knows(self, symbol: str) -> bool:
        """Whether any run has the symbol here, on whichever partition its producer put it."""
        return any(symbol in run.series for run in self._runs.values())

    def place(self, run_id: str, symbol: str) -> tuple[int, bytes, int] | None:
        """Partition, key and number of rows of a symbol; None for an unknown run or symbol."""
        series = self._series.get(table_key(run_id, symbol))
        if series is None:
            return None
        return series.partition, series.key, self._columns.rows_of(series.place)

    async def newest(self, run_id: str, symbols: Collection[str] | None) -> AsyncIterator[tuple[str, Row]]:
        """The row of the newest bar of each of these symbols of a run, of all without a choice."""
        run = self._runs.get(run_id)
        if not run:
            return
        chosen = list(run.series.values())
        if symbols is not None:
            chosen = [series for symbol in symbols if (series := run.series.get(symbol))]
        async for series in in_turns(chosen):
            # By number only now: a newer bar may have come while others had their turn.
            if self._is_here(series) and (row := self._row(series, int(self._columns.newest[series.place]))):
                yield series.symbol, row

    async def recent(self, run_id: str, wanted: SignalFilter) -> Found:
        """How many of the run's signals match, and the first of them with their symbols, in the order of the list.

        That is the newest bar first, ties by symbol ascending; for `latest` by symbol.
        """
        run = self._runs.get(run_id)
        if not run:
            return Found(0, [], None)
        codes = _codes(wanted)
        found: list[tuple[_Series, Row]] = []
        # One more than wanted tells whether there are more.
        total, chosen = await self._chosen(run, codes, replace(wanted, limit=wanted.limit + 1))
        behind = len(chosen) > wanted.limit
        chosen = chosen[: wanted.limit]
        async for series, number, _ in in_turns(chosen):
            row = self._row(series, number)
            if row is not None and wanted.matches(row):
                found.append((series, row))
        # As things are now: partitions may have gone while others had their turn.
        here = [(series.symbol, row) for series, row in found if self._is_here(series)]
        if not wanted.latest:
            here.sort(key=lambda each: (-each[1].timestamp, each[0]))
        # Not the last one found: that may have changed meanwhile.
        last = (chosen[-1][2] * MINUTE_MS, chosen[-1][0].symbol) if behind else None
        return Found(int(run.counts[codes].sum()) if total is None else total, here, last)

    async def _chosen(self, run: _Run, codes: Bools, wanted: SignalFilter) -> tuple[int | None, list[_Chosen]]:
        """How many rows match, None for all of these codes; and the first of the list."""
        columns, (series, places) = self._columns, run.in_order()
        # A bar starts with its minute, so one that starts at or after a time has that minute or a later one.
        since, until = (None if time is None else -(-time // MINUTE_MS) for time in (wanted.since, wanted.until))
        if wanted.latest:
            return self._latest(run, codes, wanted, since, until)
        rows = np.minimum(columns.newest[places] + 1, self._keep_bars)
        newest = rows if since is None else columns.rows_since(places, since)
        skipped = np.zeros_like(rows) if until is None else np.minimum(columns.rows_since(places, until), newest)
        ends = None if wanted.after is None else _ends(series, *wanted.after)
        if (newest == rows).all() and not skipped.any():
            if ends is not None:
                skipped = columns.rows_since(places, ends)
            chosen = None
            for depth in _NEWEST:
                if chosen is None:
                    chosen = self._among_newest(run, codes, wanted.limit, depth, skipped)
            if chosen is None:
                _, chosen = await self._newest(columns.matches(places, codes), series, places, wanted.limit, ends)
            return None, chosen
        matches = columns.matches_among(places, codes, skipped, newest)
        return await self._newest(matches, series, places, wanted.limit, ends)

    def _latest(
        self, run: _Run, codes: Bools, wanted: SignalFilter, since: int | None, until: int | None
    ) -> tuple[int, list[_Chosen]]:
        """Of each symbol its newest row, where that matches; by symbol."""
        columns, (series, places) = self._columns, run.in_order()
        found, minutes, numbers = (each[:, 0] for each in columns.newest_rows(places, 1, np.zeros_like(places)))
        matching = codes[found]
        if since is not None:
            matching &= minutes >= since
        if until is not None:
            matching &= minutes < until
        at = np.flatnonzero(matching)
        first = 0 if wanted.after is None else _place_behind(series, wanted.after[1])
        chosen = at[at >= first][: wanted.limit].tolist()
        return len(at), [(series[index], int(numbers[index]), int(minutes[index])) for index in chosen]

    def _among_newest(self, run: _Run, codes: Bools, limit: int, depth: int, skipped: Ints) -> list[_Chosen] | None:
        """The newest matches, where a few bars of each series behind the skipped are enough to tell; otherwise None."""
        series, places = run.in_order()
        found, minutes, numbers = self._columns.newest_rows(places, depth, skipped)
        # What was not looked at of a series is older than its oldest bar that was.
        has_more = (found[:, -1] != EMPTY) & (numbers[:, -1] > self._columns.newest[places] + 1 - self._keep_bars)
        has_more &= numbers[:, -1] > 0
        settled_from = minutes[:, -1][has_more].max(initial=0)
        at, ago = np.nonzero(codes[found] & (minutes >= settled_from))
        if len(at) < limit and has_more.any():
            return None
        newest = np.argsort(-minutes[at, ago], kind="stable")[:limit]
        at, ago = at[newest], ago[newest]
        columns = (column[at, ago].tolist() for column in (numbers, minutes))
        return [(series[index], *each) for index, *each in zip(at.tolist(), *columns, strict=True)]

    async def _newest(
        self,
        matches: Iterable[tuple[Ints, Ints, Ints]],
        series: list[_Series],
        places: Ints,
        limit: int,
        ends: Ints | None,
    ) -> tuple[int, list[_Chosen]]:
        """How many matches there are, and the newest of them that are older than the minutes of `ends`, i8[places]."""
        total = 0
        best: list[tuple[int, int, int]] = []
        async for indexes, minutes, slots in in_turns(matches):
            total += len(indexes)
            if ends is not None:
                older = minutes < ends[indexes]
                indexes, minutes, slots = indexes[older], minutes[older], slots[older]
            if len(indexes) > limit:
                late = minutes >= np.partition(minutes, -limit)[-limit]
                indexes, minutes, slots = indexes[late], minutes[late], slots[late]
            newest = np.argsort(-minutes, kind="stable")[:limit]
            columns = (-minutes[newest], indexes[newest], slots[newest])
            some = [
                (minute, index, self._columns.number_of(int(places[index]), slot))
                for minute, index, slot in zip(*(column.tolist() for column in columns), strict=True)
            ]
            best = sorted(best + some)[:limit]
        return total, [(series[index], number, -minute) for minute, index, number in best]

    def _add(self, partition: int, key: bytes) -> _Series:
        run_id, symbol = split_key(key)
        run = self._runs.setdefault(run_id, _Run(run_id))
        series = self._series[key] = run.series[symbol] = _Series(partition, key, run, symbol, self._columns.add())
        run.forget_order()
        return series

    def _is_here(self, series: _Series) -> bool:
        return self._series.get(series.key) is series

    async def session(self, run_id: str, minute: int, read: ReadBytes) -> SessionRows:
        """Each symbol's open in a session that began at a minute (since 1970, UTC), and its newest transition.

        `read` gives the bytes of the row of a partition and key.
        """
        run = self._runs.get(run_id)
        if not run:
            return SessionRows([], [], [], [])
        series, places = run.in_order()
        opens: list[float | None] = [None] * len(series)
        newest, counts = self._columns.newest[places], self._columns.rows_since(places, minute)
        firsts = zip(range(len(series)), (newest - counts + 1).tolist(), counts.tolist(), strict=True)
        async for index, number, count in in_turns(firsts):
            each = series[index]
            is_first_gone = count == self._keep_bars and number > 0
            if not count or is_first_gone or not self._is_here(each):
                continue
            value = read(each.partition, row_key(each.key, number % self._keep_bars))
            # While others had their turn, a newer bar may have taken the slot.
            if value is not None and (row := read_fixed([value])[0])["number"] == number:
                opens[index] = float(row["open"])
        # As things are now: partitions may have gone meanwhile.
        here = [index for index, each in enumerate(series) if self._is_here(each)]
        minutes, codes = self._columns.newest_transitions(places[here])
        turned = list(zip(minutes.tolist(), (codes // 4).tolist(), strict=True))
        return SessionRows(
            [series[index].symbol for index in here],
            [opens[index] for index in here],
            [minute * MINUTE_MS or None for minute, _ in turned],
            [ACTIONS[action] if minute else None for minute, action in turned],
        )

    def _row(self, series: _Series, number: int) -> Row | None:
        # While others had their turn, the partition may have gone, or the row been taken by a newer bar.
        if not self._is_here(series):
            return None
        row = self._read(series.partition, row_key(series.key, number % self._keep_bars))
        return row if row is not None and row.number == number else None


def _place_behind(series: Sequence[_Series], symbol: str) -> int:
    """How many of the series, by symbol, are not behind a symbol."""
    return bisect_right(series, symbol, key=lambda each: each.symbol)


def _ends(series: Sequence[_Series], timestamp: int, symbol: str) -> Ints:
    """Before which minute the bars of each series, by symbol, are behind a bar's start and symbol in the list."""
    ends = np.full(len(series), timestamp // MINUTE_MS + 1)
    ends[: _place_behind(series, symbol)] -= 1
    return ends


def _counted(codes: Codes) -> Ints:
    """How many rows have each code."""
    counts = np.bincount(codes, minlength=256)
    counts[EMPTY] = 0
    return counts


def _codes(wanted: SignalFilter) -> Bools:
    """Which codes match, bool[256]."""
    matching = np.zeros(256, bool)
    for action, name in enumerate(ACTIONS):
        for code in range(action * 4, action * 4 + 4):
            is_wanted = name in wanted.actions or not wanted.actions
            matching[code] = is_wanted and (is_transition(code) or not wanted.transitions)
    return matching
