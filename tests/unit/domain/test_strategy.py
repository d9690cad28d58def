from typing import Any

import pytest

from app.domain.strategy import Strategy


def test_the_default() -> None:
    strategy = Strategy()
    assert strategy.name == "sma20-sma50-rsi14-30-70/1"
    assert strategy.window == 60


def test_the_name_tells_periods_and_thresholds() -> None:
    assert Strategy(fast=5, slow=9, rsi_period=7, buy_below=32.5, sell_above=80.0).name == "sma5-sma9-rsi7-32.5-80/1"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"fast": 50}, r"SMA_FAST \(50\)"),
        ({"rsi_period": 50}, r"RSI_PERIOD \(50\)"),
        ({"buy_below": 70.0}, r"RSI_BUY_BELOW \(70\)"),
    ],
)
def test_what_cannot_be_is_refused_by_the_settings_name(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Strategy(**changes)
