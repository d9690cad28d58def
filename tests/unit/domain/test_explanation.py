from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.domain.explanation import explain, explanations
from app.domain.row import ACTIONS, MOST_OWN_REASONS, NO_COUNT, OWN_REASONS, REASONS, Rows, row_of
from app.domain.strategy import Strategy
from app.strategies.rule_file import load_rule
from tests.bars import make_bar
from tests.unit.domain.pipeline import Pipeline
from tests.unit.domain.walks import WALKS
from tests.unit.records import ROW

STRATEGY = Strategy()
SETTINGS = Strategy(fast=5, slow=9, rsi_period=7, buy_below=32.5, sell_above=66.66)
OWN = Strategy(own_rule=load_rule("bollinger_bands"))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "RSI 27.4 < 30 while SMA-20 189.42 > SMA-50 188.97"),
        (
            {"reason": "overbought_in_downtrend", "rsi": 71.25, "sma_fast": 188.9},
            "RSI 71.2 > 70 while SMA-20 188.90 < SMA-50 188.97",
        ),
        ({"reason": "warming_up", "sma_slow": None, "bars_seen": 31}, "warming up: 31 of 50 bars seen"),
        ({"reason": "flat", "close": 189.5}, "flat: the close stayed 189.5 for 14 bars, so the RSI says nothing"),
        (
            {"reason": "no_rule", "rsi": 55.21},
            "RSI 55.2 is between 30 and 70 while SMA-20 189.42 > SMA-50 188.97",
        ),
        (
            {"reason": "no_rule", "sma_fast": 188.0},
            "RSI 27.4 < 30, but SMA-20 188.00 < SMA-50 188.97: no uptrend to buy a dip in",
        ),
        (
            {"reason": "no_rule", "rsi": 82.0},
            "RSI 82.0 > 70, but SMA-20 189.42 > SMA-50 188.97: no downtrend to sell a rally in",
        ),
        (
            {"reason": "no_rule", "sma_fast": 188.97},
            "RSI 27.4 < 30, but SMA-20 and SMA-50 are equal (188.97): no uptrend to buy a dip in",
        ),
        (
            {"rsi": 29.996, "sma_fast": 188.97004},
            "RSI 29.996 < 30 while SMA-20 188.97004 > SMA-50 188.97000",
        ),
    ],
)
def test_explain(changes: dict[str, Any], sentence: str) -> None:
    assert explain(ROW._replace(**changes), STRATEGY) == sentence


@pytest.mark.parametrize(
    ("previous_close", "open_", "sentence"),
    [
        (96.2, 24.1, "opened at 24.10 after 96.20: looks like a 4:1 split, so the averages start over"),
        (0.1234, 1.2, "opened at 1.20 after 0.1234: looks like a 1:10 split, so the averages start over"),
        (100.0, 80.0, "opened at 80.00 after 100.00: looks like a split, so the averages start over"),
    ],
)
def test_a_split(previous_close: float, open_: float, sentence: str) -> None:
    row = ROW._replace(reason="split_suspected", split_close=previous_close, open=open_)
    assert explain(row, STRATEGY) == sentence


def test_names_the_strategys_periods_and_thresholds() -> None:
    strategy = Strategy(fast=5, slow=9, rsi_period=7, buy_below=32.5)
    assert explain(ROW, strategy) == "RSI 27.4 < 32.5 while SMA-5 189.42 > SMA-9 188.97"


#: Averages with halves of a cent, which round one way or the other by what a double holds, and any others.
PRICES = (
    st.integers(1, 10**7).map(lambda halves: halves / 200)
    | st.integers(1, 10**8).map(lambda tenths: tenths / 1000)
    | st.floats(0, exclude_min=True, allow_infinity=False)
    | st.floats(0.001, 1e6)
    | st.sampled_from([0.125, 1.005, 188.97, 188.97004, 1e12, 1e13, 5e-324, np.nan])
)
RSIS = (
    st.floats(0, 100)
    | st.integers(0, 2000).map(lambda halves: halves / 20)
    | st.sampled_from([29.96, 29.996, 30.0, 30.04, 32.5, 66.66, 66.7, 69.95, 70.0, 70.04, np.nan])
)


@st.composite
def rows_of(draw: st.DrawFn, strategy: Strategy) -> Rows:
    """Rows as no fold would make them, too: anything that a damaged table may hold."""
    count = draw(st.integers(1, 8))
    rows = np.zeros(count, strategy.dtype)
    own = [OWN_REASONS + index for index in range(len(strategy.rule.reasons[:MOST_OWN_REASONS]))]
    for row in rows:
        row["sma_fast"] = draw(PRICES)
        row["sma_slow"] = draw(PRICES | st.just(row["sma_fast"]) | st.just(row["sma_fast"] * (1 + 1e-10)))
        row["rsi"] = draw(RSIS)
        row["close"] = row["open"] = draw(st.floats(0.0001, 1e9))
        row["split_close"] = draw(st.just(np.nan) | st.sampled_from([4 * float(row["open"]), 100.0]))
        row["bars_seen"] = draw(st.integers(1, 2**32 - 1) | st.integers(1, 60))
        row["reason"] = draw(st.sampled_from([*range(len(REASONS)), *own]))
        row["action"] = draw(st.integers(0, len(ACTIONS) - 1))
        row["trade_count"] = NO_COUNT
        for name in strategy.own_values:
            row[name] = draw(PRICES)
    return rows


def one_by_one(rows: Rows, strategy: Strategy) -> list[str]:
    return [explain(row_of(row, strategy.name, ROW.provenance), strategy) for row in rows]


@pytest.mark.parametrize("strategy", [STRATEGY, SETTINGS, OWN], ids=["usual", "settings", "own rule"])
@given(data=st.data())
def test_a_column_of_sentences_is_the_sentences_one_by_one(strategy: Strategy, data: st.DataObject) -> None:
    rows = data.draw(rows_of(strategy))
    assert explanations(rows, strategy).to_pylist() == one_by_one(rows, strategy)


@given(st.lists(PRICES.filter(lambda price: price == price), min_size=2, max_size=30), RSIS)
@example([1.005, 1.0, 0.125, 2.675, 1e12 + 0.125], 50.05)
def test_numbers_are_rounded_as_python_does(prices: list[float], rsi: float) -> None:
    rows = np.zeros(len(prices), STRATEGY.dtype)
    rows["sma_fast"], rows["sma_slow"], rows["rsi"] = prices, prices[::-1], rsi
    rows["bars_seen"], rows["split_close"] = 50, np.nan
    assert explanations(rows, STRATEGY).to_pylist() == one_by_one(rows, STRATEGY)


@pytest.mark.parametrize("walk", WALKS)
def test_every_bar_of_a_walk_has_its_sentence(walk: str) -> None:
    pipeline = Pipeline(STRATEGY, keep_bars=2000)
    signals = pipeline.feed([make_bar(minute, float(close)) for minute, close in enumerate(WALKS[walk])])
    assert [signal["explanation"] for signal in signals] == [signal["explanation"] for signal in pipeline.view()]
    assert all(signal["explanation"] for signal in signals)


def test_no_rows_have_no_sentences() -> None:
    assert explanations(np.zeros(0, STRATEGY.dtype), STRATEGY).to_pylist() == []
