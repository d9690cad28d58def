"""The newest bars of many series in memory, as columns."""

import numpy as np

from app.domain.advance import Before
from app.domain.key import split_key
from app.domain.provenance import Provenance
from app.domain.row import NO_ACTION, Floats, Ints, Objects, Rows
from app.domain.strategy import Strategy

#: Places in new windows; when they are full there are twice as many.
PLACES = 64


class Windows:
    """For each series a ring of its newest `Strategy.window` rows, and how many bars it has had.

    A series has a place, an index into the first axis of all columns; bar number n of it is
    in slot n modulo the ring's size. A batch changes it in place, by `put` alone.
    """

    def __init__(self, strategy: Strategy) -> None:
        self.size = strategy.window
        self._lookback = strategy.lookback
        self.counts: Ints = np.zeros(PLACES, np.int64)
        self.rows: Rows = np.zeros((PLACES, self.size), strategy.dtype)
        self.provenances: Objects = np.empty((PLACES, self.size), object)
        #: The closes of the rows once more, for it is these that each bar looks back at.
        self._closes: Floats = np.zeros((PLACES, self.size))
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
        self.provenances[place] = self.keys[place] = self.run_ids[place] = self.symbols[place] = None
        self._free.append(place)

    def newest_minutes(self, places: Ints) -> Ints:
        """Start of each series' newest bar, minutes since 1970, UTC; -1 for a series without bars."""
        return np.where(self.counts[places] > 0, self._newest(places)["minute"].astype(np.int64), -1)

    def before(self, places: Ints) -> Before:
        """What bars newer than all others follow on, for each of these series."""
        counts = self.counts[places]
        slots = (counts[:, np.newaxis] + np.arange(-self._lookback, 0)) % self.size
        newest = self._newest(places)
        newest["previous_action"][counts == 0] = newest["action"][counts == 0] = NO_ACTION
        return Before(counts, newest, self._closes[places[:, np.newaxis], slots])

    def series(self, place: int) -> tuple[Rows, list[Provenance]]:
        """A copy of a series' rows, oldest first, and their provenances."""
        count = int(self.counts[place])
        slots = np.arange(max(0, count - self.size), count) % self.size
        return self.rows[place, slots], self.provenances[place, slots].tolist()

    def put(self, places: Ints, rows: Rows, provenances: Objects) -> None:
        """Put rows into their series; of several with the same number the last counts."""
        slots = rows["number"] % self.size
        self.rows[places, slots] = rows
        self._closes[places, slots] = rows["close"]
        self.provenances[places, slots] = provenances
        np.maximum.at(self.counts, places, rows["number"].astype(np.int64) + 1)

    def _newest(self, places: Ints) -> Rows:
        return self.rows[places, (self.counts[places] - 1) % self.size]

    def _grow(self) -> None:
        """Double the places; what is new takes no memory until it is used."""
        old = len(self.counts)
        for name in ("counts", "rows", "provenances", "_closes", "keys", "run_ids", "symbols"):
            column = getattr(self, name)
            grown = np.zeros((2 * old, *column.shape[1:]), column.dtype)
            grown[:old] = column
            setattr(self, name, grown)
        self._free += range(old, 2 * old)
