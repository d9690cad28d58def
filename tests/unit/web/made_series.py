"""Rows of the windows table as the agents make them, from closes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from app.domain.key import table_key
from app.domain.records import MINUTE_MS, Bar, Origin, Signal
from app.domain.row import Row
from app.domain.signal import signal_of
from app.domain.split import Gap
from app.domain.strategy import Strategy
from tables.row_format import decode_row
from tests.unit.domain.pipeline import Pipeline

STRATEGY = Strategy()
START = 1_731_594_600_000  # 2024-11-14T14:30:00Z
EMITTED_AT = START + 123


@dataclass(frozen=True)
class MadeSeries:
    """One symbol's rows, oldest first."""

    run_id: str
    symbol: str
    rows: Sequence[Row]

    @property
    def key(self) -> bytes:
        return table_key(self.run_id, self.symbol)

    @cached_property
    def _signals(self) -> list[Signal]:
        return [signal_of(row, self.run_id, self.symbol, STRATEGY) for row in reversed(self.rows)]

    def signals(self) -> list[Signal]:
        """Newest first."""
        return [signal.copy() for signal in self._signals]


def bar(run_id: str, symbol: str, timestamp: int, close: float, origin: Origin) -> Bar:
    return {
        "symbol": symbol,
        "timestamp": timestamp,
        "open": close,
        "high": close + 0.5,
        "low": close - 0.5,
        "close": close,
        "volume": 100.0,
        "trade_count": 7,
        "vwap": None,
        "run_id": run_id,
        "origin": origin,
        "source": "test",
        "feed": "",
        "adjustment": "",
    }


def never_a_gap(previous_ms: int, timestamp_ms: int) -> int:
    return 0


def folding(strategy: Strategy = STRATEGY, gap: Gap = never_a_gap) -> Pipeline:
    """Something to fold bars with."""
    return Pipeline(strategy, keep_bars=2000, gap=gap)


def fold(pipeline: Pipeline, bars: Sequence[Bar], now_ms: int = EMITTED_AT) -> list[Row]:
    """The rows that bars change."""
    pipeline.now_ms = now_ms - 1
    before = dict(pipeline.table.rows)
    pipeline.fold(bars)
    return [decode_row(value) for key, value in pipeline.table.rows.items() if before.get(key) != value]


def series(
    run_id: str,
    symbol: str,
    closes: Sequence[float],
    *,
    start: int = START,
    origin: Origin = "replay",
    now_ms: int = EMITTED_AT,
) -> MadeSeries:
    """The rows after one bar a minute, the first at `start`."""
    return _folded(run_id, symbol, tuple(closes), start, origin, now_ms)


@lru_cache(maxsize=256)
def _folded(run_id: str, symbol: str, closes: tuple[float, ...], start: int, origin: Origin, now_ms: int) -> MadeSeries:
    """Most tests want the same few series; nobody can change what they have in common."""
    bars = [bar(run_id, symbol, start + minute * MINUTE_MS, close, origin) for minute, close in enumerate(closes)]
    return MadeSeries(run_id, symbol, tuple(fold(folding(), bars, now_ms)))


def pullback(length: int = 60, fall: float = 1.5) -> list[float]:
    """A long climb and a sharp fall at its end: the last bars are a BUY."""
    climb = [100.0 + 0.3 * index + 0.2 * (index % 2) for index in range(length - 6)]
    return climb + [climb[-1] - fall * (index + 1) for index in range(6)]
