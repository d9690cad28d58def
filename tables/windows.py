"""The windows table, with the newest windows in a bounded cache in memory."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from app.domain.row import Ints, Objects, Rows
from app.domain.strategy import Strategy
from app.domain.windows import Windows
from app.errors import StocksError
from tables.row_format import VERSION
from tables.rows import NewestRows, RowsTable

#: Windows kept in memory, of all partitions together, some 1.3 kB each; fewer where a rule looks further back.
MOST_CACHED = 100_000
_USUAL_ROWS = 60

#: Windows made at once; their rows' bytes take some 12 kB each meanwhile.
_MOST_AT_ONCE = 256

_HINT = (
    ": run `stocks tables rebuild`, which sets the table back so that workers compute it again from the bars, "
    "or give this deployment an APP_ID and a DATA_DIR of its own"
)


class StateDiffers(StocksError):
    """The table was made with other settings."""


class _Cached:
    """Windows of one partition, and where each series is in them."""

    def __init__(self, windows: Windows) -> None:
        self.windows = windows
        self._places: dict[bytes, int] = {}
        #: When each place was last used, counted in batches.
        self._used: dict[int, int] = {}
        self._batches = 0

    def __len__(self) -> int:
        return len(self._places)

    def missing(self, series: Iterable[bytes]) -> list[bytes]:
        """Those that are not there, each once."""
        places = self._places
        return [each for each in dict.fromkeys(series) if each not in places]

    def add(self, newest: NewestRows) -> None:
        """Add series with their newest rows."""
        places = [self.windows.add(each) for each in newest.series]
        self._places.update(zip(newest.series, places, strict=True))
        self._used.update(dict.fromkeys(places, self._batches))
        self.windows.put(np.repeat(np.array(places, np.int64), newest.counts), newest.rows)

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
        return np.fromiter(places, np.int64, len(places))


class WindowsTable(RowsTable):
    """Rows all made with one strategy and one `keep_bars`, and windows of them.

    A partition's windows are loaded when a series is first needed, and a batch puts its updates
    into them. Memory is ahead of the table while a batch is written, so all of a partition's
    windows are forgotten when its batch is dropped or it is given away. When the next batch of
    the partition comes the table has caught up, so that rows can be read from it.
    """

    def __init__(self, app: Any, *, strategy: Strategy, keep_bars: int, **kwargs: Any) -> None:
        super().__init__(
            app,
            strategy=strategy,
            keep_bars=keep_bars,
            name="windows",
            help="The newest bars of every run and symbol with their indicators and signals.",
            state_text=json.dumps({"rows": VERSION, "keep_bars": keep_bars, "strategy": strategy.name}),
            check_state=self._check_made,
            old_state_hint=_HINT,
            **kwargs,
        )
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
        # Now, not later: the batch needs all of its windows until it is finished.
        cached.trim(self._most_cached)
        missing = cached.missing(series)
        for start in range(0, len(missing), _MOST_AT_ONCE):
            cached.add(self.newest_rows(partition, missing[start : start + _MOST_AT_ONCE]))
        return cached.windows, cached.use(series)

    def forget(self, partition: int) -> None:
        """Drop a partition's windows from memory."""
        self._cached.pop(partition, None)

    def keep(self, partition: int, newest: NewestRows, without: Collection[bytes] = ()) -> None:
        """Put windows into the cache, but for some series, and for those of which there is one already."""
        cached = self._cached_of(partition)
        missing = set(cached.missing(newest.series)).difference(without)
        cached.add(newest.of(np.array([each in missing for each in newest.series], bool)))

    def room(self, partition: int) -> int:
        """How many more of a partition's windows the cache takes."""
        cached = self._cached.get(partition)
        return max(0, self._most_cached - (len(cached) if cached else 0))

    def _cached_of(self, partition: int) -> _Cached:
        if partition not in self._cached:
            self._cached[partition] = _Cached(Windows(self.strategy, partial(self._rows_of, partition)))
        return self._cached[partition]

    def _rows_of(self, partition: int, series: bytes) -> tuple[Rows, Objects]:
        newest = self.newest_rows(partition, [series])
        return newest.rows, newest.provenances

    @property
    def _most_cached(self) -> int:
        """Windows of one partition that may be in memory."""
        usual = MOST_CACHED * _USUAL_ROWS // max(_USUAL_ROWS, self.strategy.window)
        return usual // max(1, len(self.active))

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
