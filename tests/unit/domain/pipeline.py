"""Both folds one after the other over a table of rows, as the two agents run them."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, cast

import numpy as np
import pyarrow as pa

import schemas
from app.avro import fast
from app.avro import schema as avro
from app.domain.bar_columns import BarColumns
from app.domain.key import split_key, table_key
from app.domain.outcome import Outcome
from app.domain.provenance import Provenance
from app.domain.records import MINUTE_MS, Bar, Signal
from app.domain.row import Objects, Row, Rows
from app.domain.signal import signal_columns, signal_of
from app.domain.split import Gap
from app.domain.strategy import Strategy
from app.domain.update_signals import update_signals
from app.domain.update_windows import SeriesBars, update_windows
from app.domain.updates import joined
from app.domain.windows import Windows
from tables.windows import WindowsTable
from tests.bars import make_bar
from tests.unit.tables.memory_table import MemoryTable

FIELDS = pa.struct(list(fast.arrow_fields(avro.parse(schemas.load("bar")))))
NOW_MS = 1_732_000_000_000
_BAR = make_bar(0, 1.0)
#: Of the bars of tests/bars.py.
SERIES = table_key(_BAR["run_id"], _BAR["symbol"])


def every_minute(previous_ms: int, timestamp_ms: int) -> int:
    """A calendar that never closes."""
    return (timestamp_ms - previous_ms) // MINUTE_MS - 1


class Pipeline:
    """A table of windows, and all the outcomes and signals that bars fed into it gave."""

    def __init__(self, strategy: Strategy, *, keep_bars: int | None = None, gap: Gap = every_minute) -> None:
        self.strategy = strategy
        self.gap = gap
        self.table = MemoryTable(strategy, keep_bars or strategy.window)
        self.outcomes: list[Outcome] = []
        self._signals: list[Signal] = []
        #: What batches emitted of which no signals were made yet.
        self._emitted: list[Emitted] = []
        #: A millisecond more with each batch.
        self.now_ms = NOW_MS

    @property
    def signals(self) -> list[Signal]:
        """Of all batches; made only here, as of many rows at once they cost little."""
        if self._emitted:
            emitted = Emitted(*map(np.concatenate, zip(*self._emitted, strict=True)))
            made = signal_columns(*emitted, self.strategy).to_pylist(maps_as_pydicts="strict")
            self._signals += cast(list[Signal], made)
            self._emitted.clear()
        return self._signals

    def feed(self, bars: Sequence[Bar]) -> list[Signal]:
        """Take a batch through; returns the signals that it gave."""
        before = len(self.signals)
        self.fold(bars)
        return self.signals[before:]

    def fold(self, bars: Sequence[Bar]) -> None:
        """Take a batch through."""
        outcomes, emitted, rows = self._fold(bars)
        self.outcomes += outcomes
        self._emitted.append(emitted)
        self.table.restore(0, rows)

    def abort(self, bars: Sequence[Bar]) -> None:
        """Take a batch through whose transaction is then aborted."""
        self._fold(bars)
        self.restart()

    def restart(self) -> None:
        """Forget all that is in memory."""
        self.table.forget(0)

    def window(self, series: bytes = SERIES) -> "WindowContents":
        """The newest rows of a series, and what is in memory of it."""
        return window_of(self.table, series)

    def view(self, series: bytes = SERIES) -> list[Signal]:
        """The signals that the rows of a series say, oldest first."""
        return [signal_of(row, *split_key(series), self.strategy) for row in self.table.by_number(series)]

    def last_signals(self) -> list[Signal]:
        """The last revision of each bar's signal, by series and time."""
        return last_of(self.signals)

    def _fold(self, bars: Sequence[Bar]) -> tuple[list[Outcome], "Emitted", dict[bytes, bytes]]:
        self.now_ms += 1
        series = [table_key(bar["run_id"], bar["symbol"]) for bar in bars]
        keys = list(dict.fromkeys(series))
        windows, places = self.table.load(0, keys)
        order = sorted(range(len(bars)), key=lambda at: keys.index(series[at]))
        columns = BarColumns(pa.RecordBatch.from_struct_array(pa.array([bars[at] for at in order], FIELDS)))
        which = np.array([keys.index(series[at]) for at in order], np.int64)
        folded = SeriesBars(places[which], columns.rows(self.strategy.dtype), columns.provenance_column())
        outcomes: dict[int, Outcome] = {}
        parts = []
        for part in update_windows(windows, folded, self.strategy, self.gap):
            outcomes.update(zip((order[at] for at in part.indexes), part.outcomes, strict=True))
            parts.append(part.updates)
        updates = joined(parts, self.strategy.dtype)
        update_signals(updates, self.strategy, self.now_ms)
        windows.put(updates.places, updates.rows)
        rows = self.table.entries(windows.keys[updates.places].tolist(), updates.rows, updates.provenances)
        emit, places = updates.emit, updates.places[updates.emit]
        emitted = Emitted(
            updates.rows[emit], windows.run_ids[places], windows.symbols[places], updates.provenances[emit]
        )
        return [outcomes[index] for index in range(len(bars))], emitted, rows


class Emitted(NamedTuple):
    """Rows whose signals a batch emits, and of each its run, symbol and provenance."""

    rows: Rows
    run_ids: Objects
    symbols: Objects
    provenances: Objects


class WindowContents(NamedTuple):
    """The newest rows of one series, oldest bar first, and what is in memory of it."""

    rows: Rows
    provenances: list[Provenance]
    memory: "Remembered"

    @property
    def closes(self) -> list[float]:
        closes: list[float] = self.rows["close"].tolist()
        return closes

    @property
    def bars_seen(self) -> int:
        """All of the series, those no longer kept included."""
        return int(self.rows["number"][-1]) + 1 if len(self.rows) else 0

    @property
    def split_starts(self) -> list[int]:
        """The numbers of bars with which a split began a new series, as far as bars of these are kept."""
        starts = self.rows["number"].astype(np.int64) + 1 - self.rows["bars_seen"]
        return sorted({start for start in starts.tolist() if start > 0})

    @property
    def averages(self) -> list[tuple[float, float]]:
        return list(zip(self.rows["gain"].tolist(), self.rows["loss"].tolist(), strict=True))


class Remembered(NamedTuple):
    """What is in memory of one series."""

    bars: int
    newest: bytes
    #: Those that the next bar looks back at.
    closes: list[float]


def remembered(windows: Windows, place: int) -> Remembered:
    """What is in memory of the series in a place."""
    before = windows.before(np.array([place]))
    count = int(before.counts[0])
    closes = before.closes[0].tolist()
    return Remembered(count, before.newest.tobytes() if count else b"", closes[max(0, len(closes) - count) :])


def window_of(table: WindowsTable, series: bytes = SERIES, partition: int = 0) -> WindowContents:
    """The newest rows of a series of a table, and what is in memory of it."""
    windows, [place] = table.load(partition, [series])
    rows, provenances = windows.series(place)
    return WindowContents(rows, provenances.tolist(), remembered(windows, place))


def last_of(signals: Iterable[Signal]) -> list[Signal]:
    last = {(signal["run_id"], signal["symbol"], signal["timestamp"]): signal for signal in signals}
    return [last[key] for key in sorted(last)]


def contents(window: WindowContents) -> tuple[Any, ...]:
    """All that a window says, to be compared."""
    return window.rows.tobytes(), window.provenances, window.memory


def without_times(rows: Iterable[Row]) -> list[Row]:
    """Rows but for when their signals were emitted, which depends on how bars are cut into batches."""
    return [row._replace(emitted_at=0) for row in rows]
