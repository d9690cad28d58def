"""A signal's reason as a sentence that a person can check."""

from math import isclose

from app.domain.records import Signal, Split
from app.domain.rules.dips_and_rallies import EQUAL
from app.domain.split import split_ratio
from app.domain.strategy import Strategy


def explain(signal: Signal, strategy: Strategy) -> str:
    """For example `RSI 27.4 < 30 while SMA-20 189.42 > SMA-50 188.97`.

    Numbers show as many digits as it takes to see the difference.
    """
    if signal["split"]:
        return explain_split(signal["split"])
    fast, slow, rsi = signal["sma_20"], signal["sma_50"], signal["rsi_14"]
    if not signal["ready"] or fast is None or slow is None or rsi is None:
        return f"warming up: {signal['bars_seen']} of {strategy.warm_up} bars seen"
    if strategy.own_rule:
        numbers = {"close": signal["close"], "sma_fast": fast, "sma_slow": slow, "rsi": rsi, **signal["own_indicators"]}
        said = ", ".join(f"{name} {value:.8g}" for name, value in numbers.items() if value is not None)
        return f"{(signal['own_reason'] or 'no clause of the rule').replace('_', ' ')}: {said}"
    if signal["reason"] == "flat":
        return f"flat: the close stayed {signal['close']} for {strategy.rsi_period} bars, so the RSI says nothing"
    trend = _trend(fast, slow, strategy)
    if signal["reason"] != "no_rule":
        return f"{_momentum(rsi, strategy)} while {trend}"
    if rsi < strategy.buy_below:
        return f"{_momentum(rsi, strategy)}, but {trend}: no uptrend to buy a dip in"
    if rsi > strategy.sell_above:
        return f"{_momentum(rsi, strategy)}, but {trend}: no downtrend to sell a rally in"
    return f"{_momentum(rsi, strategy)} while {trend}"


def explain_split(split: Split) -> str:
    """For example `opened at 24.10 after 96.20: looks like a 4:1 split, so the averages start anew`."""
    before, after = split["previous_close"], split["open"]
    # A program with another tolerance may have written the record.
    shares, held = split_ratio(before, after) or (None, None)
    kind = f"{shares}:{held} split" if shares else "split"
    return f"opened at {_price(after)} after {_price(before)}: looks like a {kind}, so the averages start anew"


def _price(value: float) -> str:
    return f"{value:.2f}" if value >= 1 else f"{value:.4g}"


def _momentum(rsi: float, strategy: Strategy) -> str:
    low, high = strategy.buy_below, strategy.sell_above
    if rsi < low:
        return f"RSI {_apart(rsi, low, 1)} < {low:g}"
    if rsi > high:
        return f"RSI {_apart(rsi, high, 1)} > {high:g}"
    return f"RSI {rsi:.1f} is between {low:g} and {high:g}"


def _trend(fast: float, slow: float, strategy: Strategy) -> str:
    if isclose(fast, slow, rel_tol=EQUAL):
        return f"SMA-{strategy.fast} and SMA-{strategy.slow} are equal ({fast:.2f})"
    sign = ">" if fast > slow else "<"
    return f"SMA-{strategy.fast} {_apart(fast, slow, 2)} {sign} SMA-{strategy.slow} {_apart(slow, fast, 2)}"


def _apart(value: float, other: float, digits: int) -> str:
    """The value with the fewest decimals, at least `digits`, that tell it from the other."""
    while digits < 17 and f"{value:.{digits}f}" == f"{other:.{digits}f}":
        digits += 1
    return f"{value:.{digits}f}"
