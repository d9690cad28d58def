"""Finds out how late rows are in their series, by the worker's own rules (app/domain/amend.py)."""

from bisect import bisect_left
from collections import Counter
from typing import NamedTuple

from app.domain.outcome import Outcome
from app.domain.strategy import Strategy
from app.sources.files.bar_rows import BarRows

_Values = tuple[float, ...]


class LateRow(NamedTuple):
    """A row that would be stale."""

    file: int
    line: int
    symbol: str
    timestamp: int


class Lateness:
    """Counts what each row would come to in a window of its own; rows in the order in which they are sent."""

    def __init__(self, strategy: Strategy) -> None:
        self._window, self._late_bars = strategy.window, strategy.late_bars
        self._series: dict[str, tuple[list[int], dict[int, _Values]]] = {}
        self.outcomes: Counter[Outcome] = Counter()
        self.first_stale: LateRow | None = None
        #: Symbol and time of rows that fill a hole behind their series' first.
        self.filling: list[tuple[str, int]] = []

    @property
    def stale(self) -> int:
        """How many rows would be stale."""
        return self.outcomes[Outcome.STALE]

    def add(self, rows: BarRows) -> None:
        """Take in more rows."""
        names = rows.names
        vwap, count = rows.vwap.tolist(), rows.trade_count.tolist()
        prices = zip(rows.open, rows.high, rows.low, rows.close, rows.volume, strict=True)
        times, symbols = rows.timestamp.tolist(), rows.symbol.tolist()
        for place, (time, symbol, five) in enumerate(zip(times, symbols, prices, strict=True)):
            # Not a number is not itself.
            extra = -1.0 if vwap[place] != vwap[place] else vwap[place]
            outcome = self._outcome(names[symbol], time, (*map(float, five), extra, count[place]))
            self.outcomes[outcome] += 1
            if outcome is Outcome.STALE and self.first_stale is None:
                row = rows.take(slice(place, place + 1))
                self.first_stale = LateRow(int(row.file[0]), int(row.line[0]), names[symbol], time)

    def _outcome(self, symbol: str, time: int, values: _Values) -> Outcome:
        times, known = self._series.setdefault(symbol, ([], {}))
        if not times or time > times[-1]:
            times.append(time)
            outcome = Outcome.APPENDED
        else:
            at = bisect_left(times, time)
            is_there = times[at] == time
            if is_there and known[time] == values:
                return Outcome.DUPLICATE
            if len(times) - at - is_there > self._late_bars:
                return Outcome.STALE
            if not is_there:
                times.insert(at, time)
                if at:
                    self.filling.append((symbol, time))
            outcome = Outcome.CORRECTED if is_there else Outcome.INSERTED
        known[time] = values
        if len(times) > self._window:
            del known[times.pop(0)]
        return outcome
