"""The default rule: buy a dip in an uptrend, sell a rally in a downtrend."""

import numpy as np

from app.domain.row import Bools, Floats
from app.domain.rule import Clause, Rule, RuleColumns

#: Closer averages are equal, relative to the larger one: while prices do not move, rounding errors would decide.
EQUAL = 1e-9


def dips_and_rallies(buy_below: float, sell_above: float) -> Rule:
    """The rule with these thresholds of the RSI, in points."""

    def clauses(bars: RuleColumns) -> tuple[Clause, ...]:
        fast, slow, rsi = bars.sma_fast, bars.sma_slow, bars.rsi
        apart = ~equal(fast, slow)
        return (
            Clause("flat", "HOLD", bars.flat),
            Clause("oversold_in_uptrend", "BUY", (rsi < buy_below) & (fast > slow) & apart),
            Clause("overbought_in_downtrend", "SELL", (rsi > sell_above) & (fast < slow) & apart),
        )

    return Rule(f"{buy_below:g}-{sell_above:g}/1", clauses)


def equal(one: Floats, other: Floats) -> Bools:
    """Which averages are closer than a relative EQUAL."""
    return np.abs(one - other) <= EQUAL * np.maximum(np.abs(one), np.abs(other))
