"""What the signals of a tape must say, as columns: numpy over all symbols at once, sharing no code with the domain.

`tests/harness/oracle.py` is the reference, and a test holds both equal; for each signal of a load it takes too long.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from app.domain.rules.dips_and_rallies import EQUAL
from app.domain.strategy import Strategy
from tests.bench.recorded_bars import RecordedBars

Floats = npt.NDArray[np.float64]
Names = npt.NDArray[np.object_]

ACTIONS = ("HOLD", "BUY", "SELL")
REASONS = ("no_rule", "oversold_in_uptrend", "overbought_in_downtrend", "warming_up", "flat")


@dataclass(frozen=True, slots=True)
class Expected:
    """A value a bar, in the order of the tape; averages and RSI are NaN before there are any.

    actions, reasons: indexes into ACTIONS and REASONS; previous_actions: -1 for a symbol's first bar.
    """

    closes: Floats
    fast: Floats
    slow: Floats
    rsi: Floats
    seed_weights: Floats
    actions: npt.NDArray[np.int8]
    previous_actions: npt.NDArray[np.int8]
    reasons: npt.NDArray[np.int8]
    bars_seen: npt.NDArray[np.int64]


def expected(tape: RecordedBars, strategy: Strategy) -> Expected:
    """All of a tape's."""
    closes = tape.closes
    fast, slow = _averages(closes, strategy.fast), _averages(closes, strategy.slow)
    rsi = _wilder(closes, strategy.rsi_period)
    apart = np.abs(fast - slow) > EQUAL * np.maximum(fast, slow)
    # Comparisons with NaN are false.
    buy = apart & (fast > slow) & (rsi < strategy.buy_below)
    sell = apart & (fast < slow) & (rsi > strategy.sell_above)
    clauses = [np.isnan(slow), _flat(closes, strategy.rsi_period), buy, sell]
    actions = np.select(clauses, [np.int8(0), np.int8(0), np.int8(1), np.int8(2)], np.int8(0))
    reasons = np.select(clauses, [np.int8(3), np.int8(4), np.int8(1), np.int8(2)], np.int8(0))
    previous = np.concatenate([np.full((1, closes.shape[1]), -1, np.int8), actions[:-1]])
    seen = np.repeat(np.arange(1, len(closes) + 1), closes.shape[1])
    period = strategy.rsi_period
    weights = np.where(seen > period, ((period - 1) / period) ** np.maximum(seen - period - 1.0, 0.0), 1.0)
    flat: list[Any] = [each.ravel() for each in (closes, fast, slow, rsi, weights, actions, previous, reasons, seen)]
    return Expected(*flat)


def _averages(closes: Floats, period: int) -> Floats:
    result = np.full(closes.shape, np.nan)
    if len(closes) >= period:
        result[period - 1 :] = sliding_window_view(closes, period, axis=0).mean(axis=-1)
    return result


def _flat(closes: Floats, period: int) -> npt.NDArray[np.bool_]:
    result = np.zeros(closes.shape, np.bool_)
    if len(closes) > period:
        windows = sliding_window_view(closes, period + 1, axis=0)
        result[period:] = windows.max(axis=-1) == windows.min(axis=-1)
    return result


def _wilder(closes: Floats, period: int) -> Floats:
    result = np.full(closes.shape, np.nan)
    if len(closes) <= period:
        return result
    changes = np.diff(closes, axis=0)
    ups, downs = np.maximum(changes, 0.0), np.maximum(-changes, 0.0)
    up, down = ups[:period].mean(axis=0), downs[:period].mean(axis=0)
    for minute in range(period, len(closes)):
        if minute > period:
            up = (up * (period - 1) + ups[minute - 1]) / period
            down = (down * (period - 1) + downs[minute - 1]) / period
        moved = up + down > 0
        result[minute] = np.where(moved, 100 * up / np.where(moved, up + down, 1.0), 50.0)
    return result
