"""Wilder's RSI, in TA-Lib's order of operations, so that both round alike.

J. Welles Wilder, New Concepts in Technical Trading Systems (1978), section VI:
the first averages are plain ones over `period` changes, each later one is
(previous x (period - 1) + change) / period.
"""

from functools import lru_cache

import numpy as np

from app.domain.row import Bools, Floats, Ints


def averages(
    before: tuple[Floats, Floats], changes: Floats, bars: Ints, which: Ints, period: int
) -> tuple[Floats, Floats]:
    """Wilder's averages of gains and losses after each bar, f8[n] each; sums before there are `period` changes.

    Bars are grouped by series, each series' in the order of time.
    before: f8[k] each, the averages of each series before its first bar here.
    changes: f8[n], the change of the close that each bar made; bars: i8[n], which bar of its series it is, from 1;
    which: i8[n], the series of each bar.

    A plain loop: each average needs the one before, and 0.3 us a bar is little beside the rest.
    """
    gains: list[float] = []
    losses: list[float] = []
    start_gains, start_losses = before[0].tolist(), before[1].tolist()
    gain = loss = 0.0
    current = -1
    kept = period - 1
    for change, bar, series in zip(changes.tolist(), bars.tolist(), which.tolist(), strict=True):
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


def rsi(gains: Floats, losses: Floats, bars: Ints, period: int) -> Floats:
    """The RSI of each bar, 0 to 100; NaN before there are `period` changes.

    50 when nothing ever moved (TA-Lib says 0 there, which reads as oversold).
    """
    total = gains + losses
    moved = total > 0.0
    values = np.where(moved, 100.0 * (gains / np.where(moved, total, 1.0)), 50.0)
    return np.where(bars > period, values, np.nan)


def unchanged(windows: Floats, bars: Ints, period: int) -> Bools:
    """Whether the newest `period` changes of the close are all none; windows as for `sma`."""
    newest = windows[:, windows.shape[1] - period - 1 :]
    flat: Bools = (bars > period) & (newest == newest[:, -1:]).all(axis=1)
    return flat


def seed_weights(bars: Ints, period: int) -> Floats:
    """How much of the RSI after so many closes still hangs on its first averages, 1 until there is an RSI.

    Each bar multiplies what was before it by (period - 1) / period.
    """
    weights = _weights(period)
    return weights[np.clip(bars - period - 1, 0, len(weights) - 1)]


def seed_weight(bars: int, period: int) -> float:
    """The same of one bar."""
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
