"""The index's data about every row, as columns: its action, and the start of its bar."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from app.domain.row import NO_ACTION, Bools, Floats, Ints

Codes = npt.NDArray[np.uint8]

#: Of slots without a row.
EMPTY = 255
_NO_PREVIOUS = 3
#: Slots looked at in one turn; some 2 to 10 ms.
SLOTS_A_TURN = 500_000

#: Places for series at first, slots for each, and by how much either grows.
_FEW, _GROWTH = 16, 2


def codes_of(actions: Codes, previous: Codes) -> Codes:
    """A byte for each row, of its action and the one before; both as in `app.domain.row.ROW`."""
    return (actions * 4 + np.where(previous == NO_ACTION, _NO_PREVIOUS, previous)).astype(np.uint8)


def is_transition(code: int) -> bool:
    """Whether the action of a code differs from the one before it."""
    return code % 4 not in (code // 4, _NO_PREVIOUS)


#: So many values has a code.
_CODES = 256

#: For each code whether it is a transition, bool[256].
_TRANSITIONS: Bools = np.array([code < 12 and is_transition(code) for code in range(_CODES)])


def _turned(minutes: npt.NDArray[Any], codes: Codes) -> Ints:
    """A number for each transition, of its minute and code: the newest one's is the greatest."""
    return minutes.astype(np.int64) * _CODES + codes


class IndexColumns:
    """For each series a ring of `keep_bars` slots, of which only as many take memory as are in use."""

    def __init__(self, keep_bars: int, slots_a_turn: int = SLOTS_A_TURN) -> None:
        self.keep_bars = keep_bars
        self._slots_a_turn = slots_a_turn
        #: u1[places, slots]; see `codes_of`.
        self.codes: Codes = np.full((_FEW, min(_FEW, keep_bars)), EMPTY, np.uint8)
        #: u4[places, slots], starts of bars, minutes since 1970, UTC.
        self.minutes: npt.NDArray[np.uint32] = np.zeros(self.codes.shape, np.uint32)
        #: i8[places], the number of each series' newest bar; -1: none.
        self.newest: Ints = np.full(_FEW, -1)
        #: i8[places], minute * 256 + code of each series' newest transition; 0: none.
        self._turned: Ints = np.zeros(_FEW, np.int64)
        #: Of which series that has to be looked for: the row that it was of has changed or gone.
        self._is_turned_lost: Bools = np.zeros(_FEW, bool)
        #: i8[places] and f8[places], of each series the number of a bar, -1: none, and its open; see `note_opens`.
        self._opened: Ints = np.full(_FEW, -1)
        self._opens: Floats = np.zeros(_FEW)
        self._free = list(range(_FEW))

    def add(self) -> int:
        """A place for a series without rows."""
        if not self._free:
            self._grow_places()
        return self._free.pop()

    def remove(self, place: int) -> None:
        """Forget a series."""
        self.codes[place], self.newest[place] = EMPTY, -1
        self._turned[place], self._is_turned_lost[place], self._opened[place] = 0, False, -1
        self._free.append(place)

    def put(self, places: Ints, numbers: Ints, minutes: Ints, codes: Codes, opens: Floats) -> Codes:
        """Note rows, no two of one series and slot; returns the codes that stood in their slots."""
        slots = numbers % self.keep_bars
        while slots.max(initial=0) >= self.codes.shape[1]:
            self._grow_slots()
        before = self.codes[places, slots]
        lost = _TRANSITIONS[before] & (_turned(self.minutes[places, slots], before) == self._turned[places])
        self._is_turned_lost[places[lost]] = True
        self.codes[places, slots], self.minutes[places, slots] = codes, minutes
        np.maximum.at(self.newest, places, numbers)
        np.maximum.at(self._turned, places, np.where(_TRANSITIONS[codes], _turned(minutes, codes), 0))
        known = self._opened[places] == numbers
        self._opens[places[known]] = opens[known]
        return before

    def rows_of(self, place: int) -> int:
        """How many rows a series has."""
        return int(np.count_nonzero(self.codes[place] != EMPTY))

    def newest_minutes(self, places: Ints) -> Ints:
        """Start of each series' newest bar, minutes since 1970, UTC; they must have one."""
        return self.minutes[places, self.newest[places] % self.keep_bars].astype(np.int64)

    def oldest_rows(self, places: Ints) -> tuple[Ints, Ints]:
        """Numbers and minutes of the oldest bars of each series that are kept; they must have one."""
        numbers = np.maximum(self.newest[places] + 1 - self.keep_bars, 0)
        return numbers, self.minutes[places, numbers % self.keep_bars].astype(np.int64)

    def newest_rows(self, places: Ints, count: int, skipped: Ints) -> tuple[Codes, Ints, Ints]:
        """Codes, minutes and numbers of `count` bars of each series behind its newest `skipped`, newest first.

        EMPTY where there is none.
        """
        newest, back = self.newest[places] - skipped, np.arange(min(count, self.keep_bars))
        numbers = newest[:, np.newaxis] - back
        slots = (newest % self.keep_bars)[:, np.newaxis] - back
        slots += (slots < 0) * self.keep_bars
        known = (numbers >= 0) & (skipped[:, np.newaxis] + back < self.keep_bars) & (slots < self.codes.shape[1])
        # Counted through all rows: to look up by two numbers takes twice as long.
        at = places[:, np.newaxis] * self.codes.shape[1] + np.where(known, slots, 0)
        codes = np.where(known, self.codes.ravel()[at], np.uint8(EMPTY))
        return codes, self.minutes.ravel()[at].astype(np.int64), numbers

    def newest_transitions(self, places: Ints) -> tuple[Ints, Codes]:
        """Start of each series' newest bar whose action differs from the one before, minutes since 1970; 0: none.

        And the codes of these bars.
        """
        lost = places[self._is_turned_lost[places]]
        step = max(1, self._slots_a_turn // self.codes.shape[1])
        for start in range(0, len(lost), step):
            some = lost[start : start + step]
            codes = self.codes[some]
            turned = np.where(_TRANSITIONS[codes], _turned(self.minutes[some], codes), 0)
            self._turned[some] = turned.max(1)
        self._is_turned_lost[lost] = False
        return self._turned[places] // _CODES, (self._turned[places] % _CODES).astype(np.uint8)

    def note_opens(self, places: Ints, numbers: Ints, opens: Floats) -> None:
        """Keep the open of a bar of each series, by the bar's number; it follows what is put."""
        self._opened[places], self._opens[places] = numbers, opens

    def opens(self, places: Ints, numbers: Ints) -> Floats:
        """The opens of bars by their numbers; NaN where that of another one or of none was noted."""
        return np.where(self._opened[places] == numbers, self._opens[places], np.nan)

    def rows_since(self, places: Ints, minute: int | Ints) -> Ints:
        """How many of each series' bars start at a minute, minutes since 1970, UTC, or later; one for all or each."""
        newest = self.newest[places]
        low, high = np.zeros_like(newest), np.minimum(newest + 1, self.keep_bars)
        while (low < high).any():  # Numbers grow with time, so by bisection.
            middle = (low + high + 1) // 2
            slots = np.where(low < high, (newest - middle + 1) % self.keep_bars, 0)
            is_since = (low < high) & (self.minutes[places, slots] >= minute)
            low, high = np.where(is_since, middle, low), np.where(is_since | (low >= high), high, middle - 1)
        return low

    def matches(self, places: Ints, wanted: Bools) -> Iterator[tuple[Ints, Ints, Ints]]:
        """Index of the place, minute and slot of each row with one of the wanted codes, bool[256]; in parts."""
        step = max(1, self._slots_a_turn // self.codes.shape[1])
        for start in range(0, len(places), step):
            some = places[start : start + step]
            at, slots = np.nonzero(wanted[self.codes[some]])
            yield start + at, self.minutes[some[at], slots].astype(np.int64), slots

    def matches_among(self, places: Ints, wanted: Bools, after: Ints, until: Ints) -> Iterator[tuple[Ints, Ints, Ints]]:
        """The same of each series' newest `until` bars but for its newest `after`, i8[places] each."""
        width = int((until - after).max(initial=0))
        step = max(1, self._slots_a_turn // max(1, width))
        for start in range(0, len(places) if width else 0, step):
            part = slice(start, start + step)
            some = places[part]
            back = np.arange(width, dtype=np.int32)
            is_wanted = back < (until - after)[part, np.newaxis]
            first = ((self.newest[some] - after[part]) % self.keep_bars).astype(np.int32)
            slots = first[:, np.newaxis] - back
            slots = np.where(is_wanted, np.where(slots < 0, slots + self.keep_bars, slots), 0)
            is_wanted &= wanted[self.codes[some[:, np.newaxis], slots]]
            at, columns = np.nonzero(is_wanted)
            slots = slots[at, columns]
            yield start + at, self.minutes[some[at], slots].astype(np.int64), slots

    def number_of(self, place: int, slot: int) -> int:
        """The number of the bar that is in a slot now."""
        newest = int(self.newest[place])
        return newest - (newest - slot) % self.keep_bars

    def _grow_places(self) -> None:
        old = len(self.newest)
        self.codes = np.concatenate([self.codes, np.full_like(self.codes, EMPTY)])
        self.minutes = np.concatenate([self.minutes, np.zeros_like(self.minutes)])
        self.newest = np.concatenate([self.newest, np.full(old, -1)])
        self._turned = np.concatenate([self._turned, np.zeros_like(self._turned)])
        self._is_turned_lost = np.concatenate([self._is_turned_lost, np.zeros_like(self._is_turned_lost)])
        self._opened = np.concatenate([self._opened, np.full(old, -1)])
        self._opens = np.concatenate([self._opens, np.zeros_like(self._opens)])
        self._free += range(old, _GROWTH * old)

    def _grow_slots(self) -> None:
        old = self.codes.shape[1]
        more = min(_GROWTH * old, self.keep_bars) - old
        self.codes = np.pad(self.codes, ((0, 0), (0, more)), constant_values=EMPTY)
        self.minutes = np.pad(self.minutes, ((0, 0), (0, more)))
