"""Bars made by hand."""

from collections.abc import Iterable
from typing import Any

from app.domain.records import MINUTE_MS, Bar

# 2024-11-14T14:30:00Z, the opening of a session.
OPENING_MS = 1_731_594_600_000
TOPIC_ID = "4hKvUXYbSQm0yVZ4bXUfMg"


def make_bar(minute: int, close: float, /, **changes: Any) -> Bar:
    """The bar of one minute after the opening."""
    bar: dict[str, Any] = {
        "symbol": "AAPL",
        "timestamp": OPENING_MS + minute * MINUTE_MS,
        "open": close,
        "high": close,
        "low": close,
        "close": close,
        "volume": 100.0,
        "trade_count": 7,
        "vwap": close,
        "run_id": "replay-2024-11-14-0a1b2c3d",
        "origin": "replay",
        "source": "csv:bars.csv",
        "feed": "",
        "adjustment": "",
    }
    return bar | changes  # type: ignore[return-value]


def series(closes: Iterable[float]) -> list[Bar]:
    """Bars of consecutive minutes from the opening on."""
    return [make_bar(minute, close) for minute, close in enumerate(closes)]
