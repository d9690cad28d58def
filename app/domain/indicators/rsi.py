"""Wilder's RSI, in TA-Lib's order of operations, so that both round alike.

J. Welles Wilder, New Concepts in Technical Trading Systems (1978), section VI:
the first averages are plain ones over `period` changes, each later one is
(previous x (period - 1) + change) / period.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from app.domain.indicators.indicator import Columns, Indicator, Inputs
from app.domain.row import Bools, Floats, Ints


@dataclass(frozen=True, slots=True)
class Rsi(Indicator):
    """In points, 0 to 100; 50 when nothing ever moved (TA-Lib says 0 there, which reads as oversold)."""

    period: int

    states = ("gain", "loss")

    @property
    def warm_up(self) -> int:
        return self.period + 1

    @property
    def lookback(self) -> int:
        return self.period + 1

    def advance(self, before: Columns, inputs: Inputs) -> Columns:
        """The averages of gains and losses after each bar; sums before there are `period` changes.

        A plain loop: each average needs the one before, and 0.3 us a bar is little beside the rest.
        """
        gains: list[float] = []
        losses: list[float] = []
        start_gains, start_losses = before[0].tolist(), before[1].tolist()
        gain = loss = 0.0
        current = -1
        period, kept = self.period, self.period - 1
        changes = inputs.windows[:, -1] - inputs.windows[:, -2]
        columns = changes.tolist(), inputs.bars.tolist(), inputs.which.tolist()
        for change, bar, series in zip(*columns, strict=True):
            if series != current:
                current, gain, loss = series, start_gains[series], start_losses[series]
            if bar == 1:
                gain = loss = 0.0
            else:
                if bar > period + 1:
                    gain *= kept
                    loss *= kept
                if change > 0.0:
                    gain += change
                else:
                    loss -= change
                if bar > period:
                    gain /= period
                    loss /= period
            gains.append(gain)
            losses.append(loss)
        return np.array(gains), np.array(losses)

    def read(self, states: Columns, inputs: Inputs) -> Columns:
        gains, losses = states
        total = gains + losses
        moved = total > 0.0
        values = np.where(moved, 100.0 * (gains / np.where(moved, total, 1.0)), 50.0)
        return (np.where(inputs.bars > self.period, values, np.nan),)


def unchanged(windows: Floats, bars: Ints, period: int) -> Bools:
    """Whether the close did not change in the newest `period` bars; windows and bars as in `Inputs`."""
    newest = windows[:, windows.shape[1] - period - 1 :]
    flat: Bools = (bars > period) & (newest == newest[:, -1:]).all(axis=1)
    return flat


def seed_weights(bars: Ints, period: int) -> Floats:
    """How much of the RSI after so many closes still depends on its first averages; 1 until there is an RSI.

    Each bar multiplies what was before it by (period - 1) / period.
    """
    weights = _weights(period)
    return weights[np.clip(bars - period - 1, 0, len(weights) - 1)]


def seed_weight(bars: int, period: int) -> float:
    """`seed_weights` for one bar."""
    weights = _weights(period)
    return float(weights[min(max(0, bars - period - 1), len(weights) - 1)])


@lru_cache(maxsize=16)
def _weights(period: int) -> Floats:
    """The powers of (period - 1) / period until they are 0; Python's, as numpy's differ from machine to machine."""
    ratio = (period - 1) / period
    weights = [1.0]
    while weights[-1]:
        weights.append(ratio ** len(weights))
    return np.array(weights)
