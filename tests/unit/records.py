"""Records to test with."""

from typing import Any

from app.domain.provenance import Provenance
from app.domain.records import Bar, Signal
from app.domain.row import Row

BAR: Bar = {
    "symbol": "AAPL",
    "timestamp": 1_731_594_600_000,
    "open": 189.0,
    "high": 190.5,
    "low": 188.25,
    "close": 189.75,
    "volume": 1200.0,
    "trade_count": 37,
    "vwap": 189.6,
    "run_id": "replay-2024-11-14-deadbeef",
    "origin": "replay",
    "source": "csv:bars.csv",
    "feed": "iex",
    "adjustment": "",
}

SIGNAL: Signal = {
    "id": "replay-2024-11-14-deadbeef/AAPL/1731594600000/sma20-sma50-rsi14-30-70/1/0",
    "run_id": "replay-2024-11-14-deadbeef",
    "origin": "replay",
    "source": "csv:bars.csv",
    "feed": "iex",
    "symbol": "AAPL",
    "timestamp": 1_731_594_600_000,
    "action": "BUY",
    "previous_action": None,
    "transition": True,
    "close": 189.75,
    "sma_fast": 189.42,
    "sma_slow": 188.97,
    "rsi": 27.4,
    "rsi_seed_weight": 0.08,
    "ready": True,
    "bars_seen": 50,
    "gap_minutes": 0,
    "split": None,
    "revision": 0,
    "reason": "oversold_in_uptrend",
    "strategy": "sma20-sma50-rsi14-30-70/1",
    "emitted_at": 1_731_594_661_234,
    "own_reason": None,
    "own_indicators": {},
    "explanation": "RSI 27.4 < 30 while SMA-20 189.42 > SMA-50 188.97",
}

_OLD_NAMES = {"sma_20": "sma_fast", "sma_50": "sma_slow", "rsi_14": "rsi"}
#: The same signal as written with schemas/signal.v1.avsc.
SIGNAL_OF_OLD: dict[str, Any] = {**SIGNAL, **{old: SIGNAL[new] for old, new in _OLD_NAMES.items()}}  # type: ignore[literal-required]

#: A row of the same bar and much the same signal.
ROW = Row(
    number=49,
    timestamp=BAR["timestamp"],
    open=189.0,
    high=190.5,
    low=188.25,
    close=189.75,
    volume=1200.0,
    vwap=189.6,
    trade_count=37,
    gain=0.11,
    loss=0.29,
    sma_fast=189.42,
    sma_slow=188.97,
    rsi=27.4,
    bars_seen=50,
    gap_minutes=0,
    split_close=None,
    revision=0,
    action="BUY",
    previous_action="HOLD",
    reason="oversold_in_uptrend",
    emitted_at=1_731_594_661_234,
    strategy="sma20-sma50-rsi14-30-70/1",
    provenance=Provenance("replay", "csv:bars.csv", "iex", ""),
)
