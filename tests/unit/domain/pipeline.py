"""Both folds one after the other over a table of rows, as the two agents run them."""

from collections.abc import Iterable, Sequence
from typing import Any

from app.domain import bar_rows
from app.domain.key import split_key, table_key
from app.domain.outcome import Outcome
from app.domain.records import MINUTE_MS, Bar, Signal
from app.domain.row import Row
from app.domain.signal import signal_of
from app.domain.split import Gap
from app.domain.strategy import Strategy
from app.domain.update_signals import update_signals
from app.domain.update_windows import update_windows
from app.domain.window import Window
from tests.bars import make_bar
from tests.unit.tables.memory_table import MemoryTable

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
        self.signals: list[Signal] = []
        #: A millisecond more with each batch.
        self.now_ms = NOW_MS

    def feed(self, bars: Sequence[Bar]) -> list[Signal]:
        """Take a batch through; returns the signals that it gave."""
        outcomes, signals, rows = self._fold(bars)
        self.outcomes += outcomes
        self.signals += signals
        self.table.restore(0, rows)
        return signals

    def abort(self, bars: Sequence[Bar]) -> None:
        """Take a batch through whose transaction is then aborted."""
        self._fold(bars)
        self.restart()

    def restart(self) -> None:
        """Forget all that is in memory."""
        self.table.forget(0)

    def window(self, series: bytes = SERIES) -> Window:
        return self.table.load(0, [series])[series]

    def view(self, series: bytes = SERIES) -> list[Signal]:
        """The signals that the rows of a series say, oldest first."""
        return [signal_of(row, *split_key(series), self.strategy) for row in self.table.by_number(series)]

    def last_signals(self) -> list[Signal]:
        """The last revision of each bar's signal, by series and time."""
        return last_of(self.signals)

    def _fold(self, bars: Sequence[Bar]) -> tuple[list[Outcome], list[Signal], dict[bytes, bytes]]:
        self.now_ms += 1
        groups: dict[bytes, list[int]] = {}
        for index, bar in enumerate(bars):
            groups.setdefault(table_key(bar["run_id"], bar["symbol"]), []).append(index)
        outcomes: dict[int, Outcome] = {}
        signals: list[Signal] = []
        rows: dict[bytes, bytes] = {}
        for key, window in self.table.load(0, groups).items():
            indexes = groups[key]
            found, updates = update_windows(window, [bars[index] for index in indexes], self.strategy, self.gap)
            outcomes.update(zip(indexes, found, strict=True))
            changed = update_signals(window, updates, self.strategy, self.now_ms)
            rows.update(self.table.entries(key, (row for row, _ in changed)))
            signals += [signal_of(row, *split_key(key), self.strategy) for row, emit in changed if emit]
        return [outcomes[index] for index in range(len(bars))], signals, rows


def last_of(signals: Iterable[Signal]) -> list[Signal]:
    last = {(signal["run_id"], signal["symbol"], signal["timestamp"]): signal for signal in signals}
    return [last[key] for key in sorted(last)]


def contents(window: Window) -> tuple[Any, ...]:
    """All that a window says, however its provenances are indexed."""
    bars = []
    for index in range(len(window.closes)):
        at = index * bar_rows.SIZE
        revision, provenance = bar_rows.tail(window.rows, index)
        bars.append((bytes(window.rows[at : at + bar_rows.VALUES]), revision, window.provenances[provenance]))
    averages = list(zip(window.gains, window.losses, strict=True))
    return window.bars_seen, bars, list(window.closes), averages, window.split_starts, bytes(window.decisions)


def without_times(rows: Iterable[Row]) -> list[Row]:
    """Rows but for when their signals were emitted, which depends on how bars are cut into batches."""
    return [row._replace(emitted_at=0) for row in rows]
