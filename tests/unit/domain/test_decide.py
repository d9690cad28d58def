import numpy as np
import pytest

from app.domain.decide import decide
from app.domain.row import ACTIONS, REASONS, ROW
from app.domain.strategy import Strategy

STRATEGY = Strategy()


def said(
    fast: float | None,
    slow: float | None,
    rsi: float | None,
    *,
    flat: bool = False,
    split: bool = False,
    strategy: Strategy = STRATEGY,
) -> tuple[str, str]:
    """Action and reason, with other rows around."""
    rows = np.zeros(3, ROW)
    rows["split_close"] = np.nan
    row = rows[1:2]
    row["sma_fast"], row["sma_slow"], row["rsi"] = (np.nan if value is None else value for value in (fast, slow, rsi))
    row["split_close"] = 96.2 if split else np.nan
    row["bars_seen"] = 49 if slow is None else 50
    actions, reasons = decide(rows, np.array([False, flat, False]), strategy)
    return ACTIONS[actions[1]], REASONS[reasons[1]]


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
def test_the_clauses(fast: float | None, slow: float | None, rsi: float | None, action: str, reason: str) -> None:
    assert said(fast, slow, rsi) == (action, reason)


def test_flat_goes_before_the_rule_and_after_warming_up() -> None:
    assert said(101.0, 100.0, 0.0, flat=True) == ("HOLD", "flat")
    assert said(101.0, None, 0.0, flat=True) == ("HOLD", "warming_up")


def test_thresholds_are_the_strategys() -> None:
    assert said(101.0, 100.0, 34.0, strategy=Strategy(buy_below=35.0))[0] == "BUY"


def test_a_split_goes_before_warming_up() -> None:
    assert said(None, None, None, split=True) == ("HOLD", "split_suspected")
