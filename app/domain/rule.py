"""The rule: buy a dip in an uptrend, sell a rally in a downtrend."""

import numpy as np
import numpy.typing as npt

from app.domain.row import ACTIONS, REASONS, Bools, Floats, Rows
from app.domain.strategy import EQUAL, Strategy

Codes = npt.NDArray[np.uint8]

_HOLD, _BUY, _SELL = (ACTIONS.index(action) for action in ("HOLD", "BUY", "SELL"))
_NO_RULE, _OVERSOLD, _OVERBOUGHT, _WARMING_UP, _IS_FLAT, _SPLIT = map(
    REASONS.index,
    ("no_rule", "oversold_in_uptrend", "overbought_in_downtrend", "warming_up", "flat", "split_suspected"),
)


def decide(rows: Rows, flat: Bools, strategy: Strategy) -> tuple[Codes, Codes]:
    """What to do, as indexes into ACTIONS, and which clause says so, as indexes into REASONS; u1[n] each.

    rows: ROW[n] with their indicators; flat: bool[n], whether the RSI says nothing. The first clause counts
    that holds of a split, warming up, flat, the rule, no rule.
    """
    fast, slow, rsi = rows["sma_fast"], rows["sma_slow"], rows["rsi"]
    apart = ~equal(fast, slow)
    buy = (rsi < strategy.buy_below) & (fast > slow) & apart
    sell = (rsi > strategy.sell_above) & (fast < slow) & apart
    warming_up = np.isnan(fast) | np.isnan(slow) | np.isnan(rsi)
    actions = np.full(len(rows), _HOLD, np.uint8)
    reasons = np.full(len(rows), _NO_RULE, np.uint8)
    # What comes later goes before what is already there.
    for clause, action, reason in (
        (sell, _SELL, _OVERBOUGHT),
        (buy, _BUY, _OVERSOLD),
        (flat, _HOLD, _IS_FLAT),
        (warming_up, _HOLD, _WARMING_UP),
        (warming_up & ~np.isnan(rows["split_close"]), _HOLD, _SPLIT),
    ):
        actions[clause], reasons[clause] = action, reason
    return actions, reasons


def equal(one: Floats, other: Floats) -> Bools:
    """Which averages are closer than a relative EQUAL."""
    return np.abs(one - other) <= EQUAL * np.maximum(np.abs(one), np.abs(other))
