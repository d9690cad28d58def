from typing import Any

import pytest

from app.domain.explain import explain
from app.domain.strategy import Strategy
from tests.unit.records import SIGNAL

STRATEGY = Strategy()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "RSI 27.4 < 30 while SMA-20 189.42 > SMA-50 188.97"),
        (
            {"reason": "overbought_in_downtrend", "rsi_14": 71.25, "sma_20": 188.9},
            "RSI 71.2 > 70 while SMA-20 188.90 < SMA-50 188.97",
        ),
        ({"reason": "warming_up", "sma_50": None, "bars_seen": 31}, "warming up: 31 of 50 bars seen"),
        ({"reason": "flat", "close": 189.5}, "flat: the close stayed 189.5 for 14 bars, so the RSI says nothing"),
        (
            {"reason": "no_rule", "rsi_14": 55.21},
            "RSI 55.2 is between 30 and 70 while SMA-20 189.42 > SMA-50 188.97",
        ),
        (
            {"reason": "no_rule", "sma_20": 188.0},
            "RSI 27.4 < 30, but SMA-20 188.00 < SMA-50 188.97: no uptrend to buy a dip in",
        ),
        (
            {"reason": "no_rule", "rsi_14": 82.0},
            "RSI 82.0 > 70, but SMA-20 189.42 > SMA-50 188.97: no downtrend to sell a rally in",
        ),
        (
            {"reason": "no_rule", "sma_20": 188.97},
            "RSI 27.4 < 30, but SMA-20 and SMA-50 are equal (188.97): no uptrend to buy a dip in",
        ),
        (
            {"rsi_14": 29.996, "sma_20": 188.97004},
            "RSI 29.996 < 30 while SMA-20 188.97004 > SMA-50 188.97000",
        ),
    ],
)
def test_explain(changes: dict[str, Any], sentence: str) -> None:
    assert explain(SIGNAL | changes, STRATEGY) == sentence  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("previous_close", "open_", "sentence"),
    [
        (96.2, 24.1, "opened at 24.10 after 96.20: looks like a 4:1 split, so the averages start anew"),
        (0.1234, 1.2, "opened at 1.20 after 0.1234: looks like a 1:10 split, so the averages start anew"),
        (100.0, 80.0, "opened at 80.00 after 100.00: looks like a split, so the averages start anew"),
    ],
)
def test_a_split(previous_close: float, open_: float, sentence: str) -> None:
    split = {"reason": "split_suspected", "split": {"previous_close": previous_close, "open": open_}}
    assert explain(SIGNAL | split, STRATEGY) == sentence  # type: ignore[arg-type]


def test_names_the_strategys_periods_and_thresholds() -> None:
    strategy = Strategy(fast=5, slow=9, rsi_period=7, buy_below=32.5)
    assert explain(SIGNAL, strategy) == "RSI 27.4 < 32.5 while SMA-5 189.42 > SMA-9 188.97"
