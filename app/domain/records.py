"""The records that travel over Kafka, as plain dictionaries with types.

They are what fastavro reads and writes, so that no record is copied into an
object and back. Times are UTC, milliseconds since 1970, everywhere.
"""

from typing import Literal, TypedDict

Origin = Literal["live", "backfill", "replay", "synthetic"]
Action = Literal["HOLD", "BUY", "SELL"]
Reason = Literal[
    "no_rule", "oversold_in_uptrend", "overbought_in_downtrend", "warming_up", "flat", "split_suspected", "own_rule"
]

MINUTE_MS = 60_000


class Bar(TypedDict):
    """One one-minute bar; see schemas/bar.avsc."""

    symbol: str
    timestamp: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    trade_count: int | None
    vwap: float | None
    run_id: str
    origin: Origin
    source: str
    feed: str
    adjustment: str


class Split(TypedDict):
    """Between which prices (in the symbol's currency, as they came) something looks like a split."""

    previous_close: float
    open: float


class Signal(TypedDict):
    """The rule's result for one bar; see schemas/signal.avsc."""

    id: str
    run_id: str
    origin: Origin
    source: str
    feed: str
    symbol: str
    timestamp: int
    action: Action
    previous_action: Action | None
    transition: bool
    close: float
    sma_fast: float | None
    sma_slow: float | None
    rsi: float | None
    rsi_seed_weight: float
    ready: bool
    bars_seen: int
    gap_minutes: int | None
    split: Split | None
    revision: int
    reason: Reason
    strategy: str
    emitted_at: int
    own_reason: str | None
    own_indicators: dict[str, float | None]
    explanation: str
