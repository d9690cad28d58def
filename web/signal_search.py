"""Finds the newest signals over all symbols in the index, and reads only the rows of the result."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from app.cooperative import in_turns
from app.domain.records import MINUTE_MS
from app.domain.row import ACTIONS, Bools, Ints
from tables.row_format import read_fixed, row_key
from web.index_columns import EMPTY, codes_of, is_transition
from web.reader import SessionRows, SignalFilter
from web.signal_index import IndexedRun, IndexedSeries, SignalIndex

T = TypeVar("T")

ReadMany = Callable[[int, list[bytes]], list[bytes | None]]
"""The bytes of the table's rows of a partition and keys."""

#: Rows read at once; with their JSON made in columns some 6 ms, and half as much a row as 100 at once take.
_AT_ONCE = 1000

#: By so many numbers a bar is followed.
MOST_MOVED = 16

#: The number of no bar.
_NO_BAR = -2

_ACTIONS = np.array(ACTIONS, object)

#: How many of the newest bars of each series are looked at first: at a minute's end the newest ones have one minute.
_NEWEST = (1, 8)

_Chosen = tuple[IndexedSeries, int, int]
"""A row by its series, its bar's number, and the minute with which that starts."""


class SearchResult(NamedTuple):
    """How many rows match, the first of them as bytes by symbol, and the last's bar and symbol if there are more."""

    total: int
    rows: list[tuple[str, bytes]]
    next: tuple[int, str] | None


class SignalSearch:
    """Looks in an index, giving way to the event loop: partitions may go and rows change meanwhile."""

    def __init__(self, index: SignalIndex) -> None:
        self._index = index
        self._columns = index.columns
        self._keep_bars = index.keep_bars

    async def newest(self, run_id: str, symbols: Collection[str] | None) -> AsyncIterator[list[tuple[str, bytes]]]:
        """The row, as bytes, of the newest bar of each of these symbols of a run, of all without a choice; in parts."""
        run = self._index.run(run_id)
        if not run:
            return
        chosen = list(run.series.values())
        if symbols is not None:
            chosen = [series for symbol in symbols if (series := run.series.get(symbol))]
        async for some in in_turns(in_parts(chosen)):
            yield [(each.symbol, each.newest) for each in some if self._index.is_here(each)]

    async def recent(self, run_id: str, wanted: SignalFilter, read: ReadMany) -> SearchResult:
        """How many of the run's signals match, and the first of them with their symbols, in the order of the list.

        That is the newest bar first, ties by symbol ascending; for `latest` by symbol. `read` gives the bytes of rows
        of a partition by their keys.
        """
        run = self._index.run(run_id)
        if not run:
            return SearchResult(0, [], None)
        codes = _codes(wanted)
        found: list[tuple[IndexedSeries, bytes]] = []
        # One more than wanted tells whether there are more.
        total, chosen = await self._chosen(run, codes, replace(wanted, limit=wanted.limit + 1))
        behind = len(chosen) > wanted.limit
        chosen = chosen[: wanted.limit]
        async for some in in_turns(in_parts(chosen)):
            found += self._still_matching(some, codes, read)
        # Look again: partitions may have gone while other tasks ran.
        here = [(series.symbol, value) for series, value in found if self._index.is_here(series)]
        # Not the last one found: that may have changed meanwhile.
        last = (chosen[-1][2] * MINUTE_MS, chosen[-1][0].symbol) if behind else None
        return SearchResult(int(run.counts[codes].sum()) if total is None else total, here, last)

    def _still_matching(
        self, chosen: Sequence[_Chosen], codes: Bools, read: ReadMany
    ) -> Iterator[tuple[IndexedSeries, bytes]]:
        """The series and bytes of those rows that are still there, of the same minute, and have one of these codes now.

        Late bars, which the table has a moment before the index, move the numbers of bars behind them.
        """
        found: list[bytes | None] = [None] * len(chosen)
        left = list(range(len(chosen)))
        for moved in range(MOST_MOVED):
            values = self._values([(chosen[at][0], chosen[at][1] + moved) for at in left], read)
            here = [(at, value) for at, value in zip(left, values, strict=True) if value is not None]
            rows = read_fixed(value for _, value in here)
            columns = rows["number"], rows["minute"], codes[codes_of(rows["action"], rows["previous_action"])]
            left = []
            for (at, value), number, minute, matches in zip(here, *(each.tolist() for each in columns), strict=True):
                if number != chosen[at][1] + moved:
                    continue
                if minute != chosen[at][2]:
                    left.append(at)
                elif matches:
                    found[at] = value
            if not left:
                break
        return ((each[0], value) for each, value in zip(chosen, found, strict=True) if value is not None)

    async def _chosen(self, run: IndexedRun, codes: Bools, wanted: SignalFilter) -> tuple[int | None, list[_Chosen]]:
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
        self, run: IndexedRun, codes: Bools, wanted: SignalFilter, since: int | None, until: int | None
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

    def _among_newest(
        self, run: IndexedRun, codes: Bools, limit: int, depth: int, skipped: Ints
    ) -> list[_Chosen] | None:
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
        series: list[IndexedSeries],
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

    async def session(self, run_id: str, minute: int, read: ReadMany) -> SessionRows:
        """Each symbol's open in a session that began at a minute (since 1970, UTC), and its newest transition.

        `read` gives the bytes of rows of a partition by their keys: of opens that nobody has asked for before.
        """
        run = self._index.run(run_id)
        if not run:
            return SessionRows([], [], [], [])
        columns, (series, places) = self._columns, run.in_order()
        numbers = self._first_numbers(places, minute)
        unknown = np.flatnonzero((numbers != _NO_BAR) & np.isnan(columns.opens(places, numbers)))
        async for some in in_turns(in_parts(unknown.tolist())):
            values = self._values([(series[index], int(numbers[index])) for index in some], read)
            found = np.array([index for index, value in zip(some, values, strict=True) if value is not None], np.int64)
            rows = read_fixed(value for value in values if value is not None)
            # While others had their turn, a newer bar may have taken the slot.
            is_right = rows["number"] == numbers[found]
            columns.note_opens(places[found[is_right]], numbers[found[is_right]], rows["open"][is_right])
        # As things are now: partitions may have gone meanwhile.
        here = [index for index, each in enumerate(series) if self._index.is_here(each)]
        # A late bar of a session before has moved the numbers of later ones.
        opens = columns.opens(places[here], self._first_numbers(places[here], minute))
        minutes, codes = columns.newest_transitions(places[here])
        has_turned = minutes > 0
        return SessionRows(
            [series[index].symbol for index in here],
            _or_none(opens, ~np.isnan(opens)),
            _or_none(minutes * MINUTE_MS, has_turned),
            _or_none(_ACTIONS[np.where(has_turned, codes // 4, 0)], has_turned),
        )

    def _first_numbers(self, places: Ints, minute: int) -> Ints:
        """The number of each series' first bar since a minute; `_NO_BAR` where it is not kept."""
        counts = self._columns.rows_since(places, minute)
        numbers = self._columns.newest[places] - counts + 1
        is_first_gone = (counts == self._keep_bars) & (numbers > 0)
        numbers[(counts == 0) | is_first_gone] = _NO_BAR
        return numbers

    def _values(self, wanted: Sequence[tuple[IndexedSeries, int]], read: ReadMany) -> list[bytes | None]:
        """What stands in the slots of bars by series and number; None where the partition has gone."""
        found: list[bytes | None] = [None] * len(wanted)
        by_partition: defaultdict[int, list[int]] = defaultdict(list)
        for at, (series, _) in enumerate(wanted):
            if self._index.is_here(series):
                by_partition[series.partition].append(at)
        for partition, ats in by_partition.items():
            keys = [row_key(wanted[at][0].key, wanted[at][1] % self._keep_bars) for at in ats]
            for at, value in zip(ats, read(partition, keys), strict=True):
                found[at] = value
        return found


def in_parts(items: list[T]) -> Iterator[list[T]]:
    """As many at once as are read, or made JSON, in one turn."""
    return (items[start : start + _AT_ONCE] for start in range(0, len(items), _AT_ONCE))


def _or_none(values: npt.NDArray[Any], is_known: Bools) -> list[Any]:
    found = values.astype(object)
    found[~is_known] = None
    return list(found)


def _place_behind(series: Sequence[IndexedSeries], symbol: str) -> int:
    """How many of the series, by symbol, are not behind a symbol."""
    return bisect_right(series, symbol, key=lambda each: each.symbol)


def _ends(series: Sequence[IndexedSeries], timestamp: int, symbol: str) -> Ints:
    """Before which minute the bars of each series, by symbol, are behind a bar's start and symbol in the list."""
    ends = np.full(len(series), timestamp // MINUTE_MS + 1)
    ends[: _place_behind(series, symbol)] -= 1
    return ends


def _codes(wanted: SignalFilter) -> Bools:
    """Which codes match, bool[256]."""
    matching = np.zeros(256, bool)
    for action, name in enumerate(ACTIONS):
        for code in range(action * 4, action * 4 + 4):
            is_wanted = name in wanted.actions or not wanted.actions
            matching[code] = is_wanted and (is_transition(code) or not wanted.transitions)
    return matching
