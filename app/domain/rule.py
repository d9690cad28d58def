"""The rule: buy a dip in an uptrend, sell a rally in a downtrend."""

from math import isclose

from app.domain.indicator_values import IndicatorValues
from app.domain.records import Action, Reason
from app.domain.strategy import Strategy

# Closer averages are equal: on a flat tape the noise of summing would decide.
EQUAL = 1e-9


def decide(values: IndicatorValues, strategy: Strategy) -> tuple[Action, Reason]:
    """What to do, and which clause says so; the first that holds of a split, warming up, flat, the rule, no rule."""
    fast, slow, rsi = values.sma_fast, values.sma_slow, values.rsi
    if fast is None or slow is None or rsi is None:
        return "HOLD", "split_suspected" if values.split else "warming_up"
    if values.flat:
        return "HOLD", "flat"
    if rsi < strategy.buy_below:
        if fast > slow and not isclose(fast, slow, rel_tol=EQUAL):
            return "BUY", "oversold_in_uptrend"
    elif rsi > strategy.sell_above and fast < slow and not isclose(fast, slow, rel_tol=EQUAL):
        return "SELL", "overbought_in_downtrend"
    return "HOLD", "no_rule"
