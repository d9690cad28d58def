"""Windows and histories as the agents make them, from closes."""

from collections.abc import Sequence
from typing import NamedTuple

from app.domain import history, step
from app.domain.history import History
from app.domain.key import table_key
from app.domain.records import MINUTE_MS, Bar, Origin
from app.domain.strategy import Strategy
from app.domain.window import Window
from tables.signals_value import encode_history

STRATEGY = Strategy()
START = 1_731_594_600_000  # 2024-11-14T14:30:00Z
EMITTED_AT = START + 123


class Series(NamedTuple):
    """One symbol's state in both tables."""

    run_id: str
    symbol: str
    window: Window
    history: History

    @property
    def key(self) -> bytes:
        return table_key(self.run_id, self.symbol)

    @property
    def value(self) -> bytes:
        return encode_history(self.history)


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


def series(
    run_id: str,
    symbol: str,
    closes: Sequence[float],
    *,
    start: int = START,
    origin: Origin = "replay",
    now_ms: int = EMITTED_AT,
) -> Series:
    """The state after one bar a minute, the first at `start`."""
    bars = [
        (offset, bar(run_id, symbol, start + offset * MINUTE_MS, close, origin)) for offset, close in enumerate(closes)
    ]
    window, stepped = step.step(
        Window(STRATEGY.name),
        bars,
        topic_id="topic",
        partition=0,
        strategy=STRATEGY,
        gap=lambda _start, _end: 0,
        now_ms=now_ms,
    )
    kept, _ = history.step(
        History(STRATEGY.name), stepped.indicators, strategy=STRATEGY, signal_history=50, now_ms=now_ms
    )
    return Series(run_id, symbol, window, kept)


def pullback(length: int = 60, fall: float = 1.5) -> list[float]:
    """A long climb and a sharp fall at its end: the last bars are a BUY."""
    climb = [100.0 + 0.3 * index + 0.2 * (index % 2) for index in range(length - 6)]
    return climb + [climb[-1] - fall * (index + 1) for index in range(6)]
