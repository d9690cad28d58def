"""The arithmetic that the Python peers share: one bar after another, in plain Python, as people write it.

A window is a dict of what JSON can hold, so that any store can keep it. Nothing of the
project is imported: Quix Streams runs this in an environment that has none of it.
"""

import time
from typing import Any

Record = dict[str, Any]

FAST, SLOW, PERIOD = 20, 50, 14
BUY_BELOW, SELL_ABOVE = 30.0, 70.0
STRATEGY = "sma20-sma50-rsi14-30-70/1"

#: Bars, and signals, that are kept of a symbol.
KEEP = 50

#: Closer averages are equal: else the noise of summing would decide on a flat tape.
EQUAL = 1e-9

#: What is kept of a bar; all but what its symbol has in common.
_KEPT = ("timestamp", "open", "high", "low", "close", "volume", "trade_count", "vwap")
_CLOSE = _KEPT.index("close")


def new_window() -> Record:
    """What a symbol begins with."""
    return {"bars": [], "seen": 0, "gain": 0.0, "loss": 0.0, "action": None}


def slot(window: Record) -> int:
    """Where the newest of the KEEP signals goes: a ring, so that none need be deleted."""
    return int(window["seen"] - 1) % KEEP


def advance(window: Record, bar: Record) -> Record:
    """Take the next bar of the window's symbol in, and return its signal."""
    bars = window["bars"]
    seen = window["seen"] = window["seen"] + 1
    if bars:
        _wilder(window, bar["close"] - bars[-1][_CLOSE])
    bars.append([bar[name] for name in _KEPT])
    del bars[:-KEEP]
    closes = [kept[_CLOSE] for kept in bars]
    fast = sum(closes[-FAST:]) / FAST if seen >= FAST else None
    slow = sum(closes) / SLOW if seen >= SLOW else None
    rsi = _rsi(window)
    action, reason = _decide(closes, fast, slow, rsi)
    previous, window["action"] = window["action"], action
    return {
        "id": f"{bar['run_id']}/{bar['symbol']}/{bar['timestamp']}/{STRATEGY}/0",
        "run_id": bar["run_id"],
        "origin": bar["origin"],
        "source": bar["source"],
        "feed": bar["feed"],
        "symbol": bar["symbol"],
        "timestamp": bar["timestamp"],
        "action": action,
        "previous_action": previous,
        "transition": previous is not None and previous != action,
        "close": bar["close"],
        "sma_fast": fast,
        "sma_slow": slow,
        "rsi": rsi,
        "rsi_seed_weight": ((PERIOD - 1) / PERIOD) ** (seen - PERIOD - 1) if seen > PERIOD else 1.0,
        "ready": slow is not None,
        "bars_seen": seen,
        "gap_minutes": None,
        "split": None,
        "revision": 0,
        "reason": reason,
        "strategy": STRATEGY,
        "emitted_at": int(time.time() * 1000),
    }


def _wilder(window: Record, change: float) -> None:
    """Plain sums until there are PERIOD changes, then Wilder's recursion over their averages."""
    gain, loss, changes = window["gain"], window["loss"], window["seen"] - 1
    up, down = max(change, 0.0), max(-change, 0.0)
    if changes > PERIOD:
        gain, loss = (gain * (PERIOD - 1) + up) / PERIOD, (loss * (PERIOD - 1) + down) / PERIOD
    else:
        gain, loss = gain + up, loss + down
        if changes == PERIOD:
            gain, loss = gain / PERIOD, loss / PERIOD
    window["gain"], window["loss"] = gain, loss


def _rsi(window: Record) -> float | None:
    gain, loss = window["gain"], window["loss"]
    if window["seen"] <= PERIOD:
        return None
    return float(100 * gain / (gain + loss)) if gain + loss else 50.0


def _decide(closes: list[float], fast: float | None, slow: float | None, rsi: float | None) -> tuple[str, str]:
    if fast is None or slow is None or rsi is None:
        return "HOLD", "warming_up"
    last = closes[-PERIOD - 1 :]
    if max(last) == min(last):
        return "HOLD", "flat"
    if abs(fast - slow) > EQUAL * max(fast, slow):
        if fast > slow and rsi < BUY_BELOW:
            return "BUY", "oversold_in_uptrend"
        if fast < slow and rsi > SELL_ABOVE:
            return "SELL", "overbought_in_downtrend"
    return "HOLD", "no_rule"
