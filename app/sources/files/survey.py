"""Statistics of all rows, by symbol: times, gaps, spacing, jumps and suspected splits."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from app.calendar.sessions import session_gap, sessions
from app.domain.records import MINUTE_MS
from app.domain.split import NIGHT_MINUTES, is_night, no_jump, split_ratio
from app.sources.files.bar_rows import BarRows, Column

#: Minutes between bars that are not of one minute; 1,440 is a day.
SPACINGS = (2, 3, 4, 5, 10, 15, 20, 30, 60, 120, 240, 1440)
#: A close is called a jump when it is so many times the one before, or less than the inverse.
JUMP = 1.5
HALF_HOUR_MS = 30 * MINUTE_MS
_LISTED = 20
_SHIFT = 42


class Gap(NamedTuple):
    """Minutes of the regular session without a bar, between two bar starts (UTC milliseconds since 1970)."""

    minutes: int
    symbol: str
    after_ms: int
    before_ms: int


class SuspectedSplit(NamedTuple):
    """An open after a night that looks like that of a split, shares after to shares before."""

    symbol: str
    timestamp: int
    previous_close: float
    open: float
    ratio: tuple[int, int]


class Jumps(NamedTuple):
    """How often the close goes up and down by more than a market's, and two such closes."""

    up: int
    down: int
    low: float
    high: float


@dataclass(slots=True)
class Survey:
    """Filled by `add`, rows in the order in which they are sent. Times are UTC milliseconds since 1970."""

    symbols: list[str] = field(default_factory=list)
    rows: int = 0
    first_ms: int | None = None
    #: Largest first; all others only count.
    gaps: list[Gap] = field(default_factory=list)
    splits: list[SuspectedSplit] = field(default_factory=list)
    split_count: int = 0
    #: Symbols with rows that are not newer than all before them.
    unordered: set[str] = field(default_factory=set)
    #: Rows by half hour since 1970.
    half_hours: dict[int, int] = field(default_factory=dict)
    _codes: dict[str, int] = field(default_factory=dict)
    _state: "_State" = field(default_factory=lambda: _State())

    def add(self, rows: BarRows) -> None:
        """Take in more rows."""
        if not len(rows):
            return
        if self.first_ms is None:
            self.first_ms = int(rows.timestamp[0])
        self.rows += len(rows)
        codes = np.array([self._code(name) for name in rows.names], np.int64)[rows.symbol]
        self._state.grow(len(self.symbols))
        self._count_half_hours(rows.timestamp)
        self._add(codes, rows)

    def count(self, symbol: str) -> int:
        """Rows of the symbol."""
        return int(self._state.rows[self._codes[symbol]])

    def span(self, symbol: str) -> tuple[int, int]:
        """Its first and newest time."""
        code = self._codes[symbol]
        return int(self._state.first[code]), int(self._state.newest[code])

    def missing(self, symbol: str) -> int:
        """Minutes of the regular session without a bar, between its first and its newest."""
        return int(self._state.missing[self._codes[symbol]])

    def fill(self, symbol: str, time: int) -> None:
        """Count a late row of a minute that was missing between two bars (start, UTC milliseconds since 1970)."""
        minute = time // MINUTE_MS
        before, after = _session_minutes(np.array([minute, minute + 1])).tolist()
        if before == after:
            return
        self._state.missing[self._codes[symbol]] -= 1
        for place, gap in enumerate(self.gaps):
            if gap.symbol == symbol and gap.after_ms < time < gap.before_ms:
                self.gaps[place] = gap._replace(minutes=gap.minutes - 1)
        self.gaps = sorted((gap for gap in self.gaps if gap.minutes), key=lambda gap: -gap.minutes)

    def steps(self, symbol: str) -> tuple[int, int, Column, Column]:
        """From bar to newer bar: how many steps, how many of a minute, how many of each spacing and of a multiple."""
        state, code = self._state, self._codes[symbol]
        return int(state.steps[code]), int(state.minutes[code]), state.equal[code], state.multiple[code]

    def jumps(self, symbol: str) -> Jumps:
        """The jumps of the symbol's closes, in the order of the rows."""
        state, code = self._state, self._codes[symbol]
        return Jumps(int(state.up[code]), int(state.down[code]), float(state.low[code]), float(state.high[code]))

    def _code(self, name: str) -> int:
        code = self._codes.setdefault(name, len(self._codes))
        if code == len(self.symbols):
            self.symbols.append(name)
        return code

    def _count_half_hours(self, times: Column) -> None:
        found, counts = np.unique(times // HALF_HOUR_MS, return_counts=True)
        for half_hour, count in zip(found.tolist(), counts.tolist(), strict=True):
            self.half_hours[half_hour] = self.half_hours.get(half_hour, 0) + count

    def _add(self, codes: Column, rows: BarRows) -> None:
        state = self._state
        # Each series' newest bar so far, then its rows in their order.
        there = np.unique(codes)
        both = np.concatenate([there, codes])
        order = np.argsort(both, kind="stable")
        is_row = order >= len(there)
        code = both[order]
        time = np.concatenate([state.newest[there], rows.timestamp])[order]
        close = np.concatenate([state.close[there], rows.close])[order]
        last = np.concatenate([state.last[there], rows.close])[order]
        open_ = np.concatenate([state.close[there], rows.open])[order]
        self._count_jumps(code, last, is_row)

        # The newest time so far in each series: its number stands above the time's digits.
        clock = np.maximum.accumulate((code << _SHIFT) + np.maximum(time, 0))
        newer = np.concatenate([[True], clock[1:] > clock[:-1]]) | ~is_row
        late = np.unique(code[~newer])
        self.unordered.update(self.symbols[each] for each in late.tolist())

        code, time, close, open_, is_row = (each[newer] for each in (code, time, close, open_, is_row))
        self._count_steps(code, time, close, open_, is_row)
        is_last = np.append(code[1:] != code[:-1], True)
        state.newest[code[is_last]] = time[is_last]
        state.close[code[is_last]] = close[is_last]
        counts = np.bincount(codes, minlength=len(state.rows))
        state.rows += counts
        np.minimum.at(state.first, codes, rows.timestamp)

    def _count_jumps(self, code: Column, close: Column, is_row: Column) -> None:
        state = self._state
        before, after, each = close[:-1], close[1:], code[1:]
        ratio = np.where(is_row[1:] & (before > 0), after / np.where(before > 0, before, 1.0), 1.0)
        for counts, jumped in ((state.up, ratio > JUMP), (state.down, ratio < 1 / JUMP)):
            if jumped.any():
                counts += np.bincount(each[jumped], minlength=len(counts))
                state.low[each[jumped]] = np.minimum(before, after)[jumped]
                state.high[each[jumped]] = np.maximum(before, after)[jumped]
        is_last = np.append(code[1:] != code[:-1], True)
        state.last[code[is_last]] = close[is_last]

    def _count_steps(self, code: Column, time: Column, close: Column, open_: Column, is_row: Column) -> None:
        state = self._state
        is_step = is_row[1:] & (time[:-1] >= 0)
        each, before, after = code[1:][is_step], time[:-1][is_step], time[1:][is_step]
        steps = (after - before) // MINUTE_MS
        size = len(state.rows)
        state.steps += np.bincount(each, minlength=size)
        long = steps > 1
        state.minutes += np.bincount(each[~long], minlength=size)
        if not long.any():
            return
        each, before, after, steps = each[long], before[long], after[long], steps[long]
        previous_close, opened = close[:-1][is_step][long], open_[1:][is_step][long]
        for number, spacing in enumerate(SPACINGS):
            state.equal[:, number] += np.bincount(each[steps == spacing], minlength=size)
            state.multiple[:, number] += np.bincount(each[steps % spacing == 0], minlength=size)
        missing = _session_minutes(after // MINUTE_MS) - _session_minutes(before // MINUTE_MS + 1)
        state.missing += np.bincount(each, weights=missing, minlength=size).astype(np.int64)
        self._list_gaps(each, before, after, missing)
        self._list_splits(each, before, after, steps, previous_close, opened)

    def _list_gaps(self, code: Column, before: Column, after: Column, missing: Column) -> None:
        smallest = self.gaps[-1].minutes if len(self.gaps) == _LISTED else 0
        large = np.flatnonzero(missing > smallest)
        for place in large[np.argsort(-missing[large], kind="stable")][:_LISTED].tolist():
            gap = Gap(int(missing[place]), self.symbols[code[place]], int(before[place]), int(after[place]))
            self.gaps.append(gap)
        self.gaps = sorted(self.gaps, key=lambda gap: -gap.minutes)[:_LISTED]

    def _list_splits(self, *columns: Column) -> None:
        code, before, after, steps, close, open_ = columns
        suspected = (steps > NIGHT_MINUTES) & ~no_jump(open_ / close)
        for place in np.flatnonzero(suspected).tolist():
            ratio = split_ratio(float(close[place]), float(open_[place]))
            if ratio and is_night(int(before[place]), int(after[place]), session_gap()):
                self.split_count += 1
                if len(self.splits) < _LISTED:
                    prices = float(close[place]), float(open_[place])
                    self.splits.append(SuspectedSplit(self.symbols[code[place]], int(after[place]), *prices, ratio))


class _State:
    """For each symbol, by its number."""

    def __init__(self) -> None:
        zeros = np.zeros(0, np.int64)
        self.newest, self.first, self.rows, self.missing = zeros, zeros, zeros, zeros
        self.steps, self.minutes, self.up, self.down = zeros, zeros, zeros, zeros
        self.equal = self.multiple = np.zeros((0, len(SPACINGS)), np.int64)
        #: Of the newest bar, and of the row that came last.
        self.close = self.last = self.low = self.high = np.zeros(0)

    def grow(self, count: int) -> None:
        """Make room for so many symbols."""
        more = count - len(self.rows)
        if more <= 0:
            return
        more = max(more, len(self.rows))
        fills = {"newest": -1, "first": np.iinfo(np.int64).max}
        for name, column in list(vars(self).items()):
            shape = (more, *column.shape[1:])
            setattr(self, name, np.concatenate([column, np.full(shape, fills.get(name, 0), column.dtype)]))


def _session_minutes(minutes: Column) -> Column:
    """Minutes of all regular sessions before these, which count from 1970, UTC."""
    opens, closes, before = calendar_columns()
    index = np.searchsorted(opens, minutes, side="right") - 1
    inside = np.maximum(index, 0)
    elapsed: Column = before[inside] + np.minimum(minutes, closes[inside]) - opens[inside]
    return np.where(index < 0, 0, elapsed)


@lru_cache(maxsize=1)
def calendar_columns() -> tuple[Column, Column, Column]:
    """Opens, closes, and session minutes before each open, in minutes since 1970, UTC."""
    calendar = sessions()
    return np.array(calendar.opens), np.array(calendar.closes), np.array(calendar.before[:-1])
