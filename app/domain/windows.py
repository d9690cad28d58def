"""The newest state of many series in memory, as columns: what the next bars need."""

from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from app.domain.advance import Before
from app.domain.key import split_key
from app.domain.row import NO_ACTION, Floats, Ints, Objects, Rows
from app.domain.strategy import Strategy

#: Places in new windows; when they are full there are twice as many.
PLACES = 64

ReadRows = Callable[[bytes], tuple[Rows, Objects]]
"""The newest `Strategy.window` rows of a series, oldest first, as they were before the batch, and their provenances."""


def _no_rows(key: bytes) -> tuple[Rows, Objects]:
    raise LookupError(f"rows of {key!r} are not kept")


class Windows:
    """For each series its newest row, its newest `Strategy.window` closes, and how many bars it has had.

    That is all that a newer bar needs. A late or corrected one, which is rare, needs all rows of the
    window: `read` gets them from the table.

    A series has a place, an index into the first axis of all columns; the close of its bar number n is
    in slot n modulo the ring's size. A batch changes it in place, by `put` alone.
    """

    def __init__(self, strategy: Strategy, read: ReadRows = _no_rows) -> None:
        self._size = strategy.window
        self._lookback = strategy.lookback
        self._read = read
        self.counts: Ints = np.zeros(PLACES, np.int64)
        self._newest: Rows = np.zeros(PLACES, strategy.dtype)
        self._closes: Floats = np.zeros((PLACES, self._size))
        #: Each series' key, run and symbol.
        self.keys: Objects = np.empty(PLACES, object)
        self.run_ids: Objects = np.empty(PLACES, object)
        self.symbols: Objects = np.empty(PLACES, object)
        self._free = list(range(PLACES))

    def add(self, key: bytes) -> int:
        """A place for a series without bars. Raises ValueError when its key is not one of `table_key`."""
        if not self._free:
            self._grow()
        place = self._free.pop()
        self.keys[place] = key
        self.run_ids[place], self.symbols[place] = split_key(key)
        return place

    def remove(self, place: int) -> None:
        """Forget a series."""
        self.counts[place] = 0
        self.keys[place] = self.run_ids[place] = self.symbols[place] = None
        self._free.append(place)

    def newest_minutes(self, places: Ints) -> Ints:
        """Start of each series' newest bar, minutes since 1970, UTC; -1 for a series without bars."""
        return np.where(self.counts[places] > 0, self._newest["minute"][places].astype(np.int64), -1)

    def before(self, places: Ints) -> Before:
        """What bars newer than all others follow on, for each of these series."""
        counts = self.counts[places]
        newest = self._newest.take(places)
        newest["previous_action"][counts == 0] = newest["action"][counts == 0] = NO_ACTION
        rings = self._closes.take(places, axis=0)
        # Each ring twice, so that closes that follow each other are side by side wherever they begin.
        spans = sliding_window_view(np.concatenate([rings, rings], axis=1), self._lookback, axis=1)
        return Before(counts, newest, spans[np.arange(len(places)), (counts - self._lookback) % self._size])

    def series(self, place: int) -> tuple[Rows, Objects]:
        """A series' rows, oldest first, and their provenances, read from the table."""
        return self._read(self.keys[place])

    def put(self, places: Ints, rows: Rows) -> None:
        """Store rows; of several with the same number the last one counts."""
        numbers = rows["number"].astype(np.int64)
        np.maximum.at(self.counts, places, numbers + 1)
        is_newest = numbers + 1 == self.counts[places]
        self._newest.put(places[is_newest], rows.compress(is_newest))
        self._closes[places, numbers % self._size] = rows["close"]

    def _grow(self) -> None:
        """Double the places; what is new takes no memory until it is used."""
        old = len(self.counts)
        for name in ("counts", "_newest", "_closes", "keys", "run_ids", "symbols"):
            column = getattr(self, name)
            grown = np.zeros((2 * old, *column.shape[1:]), column.dtype)
            grown[:old] = column
            setattr(self, name, grown)
        self._free += range(old, 2 * old)
