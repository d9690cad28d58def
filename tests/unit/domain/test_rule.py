import pytest

from app.domain.indicator_values import IndicatorValues
from app.domain.rule import decide
from app.domain.strategy import Strategy

STRATEGY = Strategy()


def values(fast: float | None, slow: float | None, rsi: float | None, flat: bool = False) -> IndicatorValues:
    return IndicatorValues(100.0, fast, slow, rsi, flat, 50, 0, None)


@pytest.mark.parametrize(
    ("fast", "slow", "rsi", "action", "reason"),
    [
        (101.0, 100.0, 29.9, "BUY", "oversold_in_uptrend"),
        (99.0, 100.0, 70.1, "SELL", "overbought_in_downtrend"),
        (101.0, 100.0, 30.0, "HOLD", "no_rule"),
        (99.0, 100.0, 70.0, "HOLD", "no_rule"),
        (99.0, 100.0, 29.9, "HOLD", "no_rule"),
        (101.0, 100.0, 70.1, "HOLD", "no_rule"),
        (101.0, 100.0, 50.0, "HOLD", "no_rule"),
        (100.0 + 1e-8, 100.0, 10.0, "HOLD", "no_rule"),
        (100.0 - 1e-8, 100.0, 90.0, "HOLD", "no_rule"),
        (100.0 + 2e-7, 100.0, 10.0, "BUY", "oversold_in_uptrend"),
        (1e-4 + 1e-14, 1e-4, 10.0, "HOLD", "no_rule"),
        (1e-4 + 1e-12, 1e-4, 10.0, "BUY", "oversold_in_uptrend"),
        (100.0, None, 10.0, "HOLD", "warming_up"),
        (None, None, None, "HOLD", "warming_up"),
    ],
)
def test_decide(fast: float | None, slow: float | None, rsi: float | None, action: str, reason: str) -> None:
    assert decide(values(fast, slow, rsi), STRATEGY) == (action, reason)


def test_flat_goes_before_the_rule_and_after_warming_up() -> None:
    assert decide(values(101.0, 100.0, 0.0, flat=True), STRATEGY) == ("HOLD", "flat")
    assert decide(values(101.0, None, 0.0, flat=True), STRATEGY) == ("HOLD", "warming_up")


def test_thresholds_are_the_strategys() -> None:
    assert decide(values(101.0, 100.0, 34.0), Strategy(buy_below=35.0))[0] == "BUY"


def test_a_split_goes_before_warming_up() -> None:
    first = values(None, None, None)._replace(split={"previous_close": 96.2, "open": 24.1})
    assert decide(first, STRATEGY) == ("HOLD", "split_suspected")
