"""Wilder's RSI, in TA-Lib's order of operations, so that both round alike.

J. Welles Wilder, New Concepts in Technical Trading Systems (1978), section VI:
the first averages are plain ones over `period` changes, each later one is
(previous x (period - 1) + change) / period.
"""

from functools import lru_cache


def advance(gain: float, loss: float, change: float, number: int, period: int) -> tuple[float, float]:
    """The state after one more change of the close; `number` counts changes from 1.

    The state is the average gain and the average loss (both not negative, in
    the price's currency); before `period` changes it holds their sums.
    """
    if number > period:
        gain *= period - 1
        loss *= period - 1
    if change > 0.0:
        gain += change
    else:
        loss -= change
    if number >= period:
        gain /= period
        loss /= period
    return gain, loss


def rsi(gain: float, loss: float) -> float:
    """The RSI, 0 to 100; 50 when nothing ever moved (TA-Lib says 0 there, which reads as oversold)."""
    total = gain + loss
    return 100.0 * (gain / total) if total else 50.0


@lru_cache(maxsize=4096)
def seed_weight(bars: int, period: int) -> float:
    """How much of the RSI after `bars` closes still hangs on its first averages, 1 until there is an RSI.

    Each bar multiplies what was before it by (period - 1) / period.
    """
    return ((period - 1) / period) ** max(0, bars - period - 1)
