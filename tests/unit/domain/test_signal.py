from typing import Any

import pytest

from app.domain.explanation import explain
from app.domain.provenance import Provenance
from app.domain.records import Signal
from app.domain.signal import is_transition, signal_of
from app.domain.strategy import Strategy
from tests.unit.records import ROW, SIGNAL

STRATEGY = Strategy()
RUN = SIGNAL["run_id"]
OF_ROW: Signal = SIGNAL | {"previous_action": "HOLD", "rsi_seed_weight": (13 / 14) ** 35}


def test_a_signal_says_all_that_its_row_does() -> None:
    assert signal_of(ROW, RUN, "AAPL", STRATEGY) == OF_ROW


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"sma_slow": None}, {"sma_slow": None}),
        ({"sma_fast": None, "rsi": None}, {"sma_fast": None, "rsi": None}),
        ({"bars_seen": 16}, {"bars_seen": 16, "ready": False, "rsi_seed_weight": 13 / 14}),
        ({"bars_seen": 3}, {"bars_seen": 3, "ready": False, "rsi_seed_weight": 1.0}),
        ({"gap_minutes": None}, {"gap_minutes": None}),
        ({"split_close": 756.0}, {"split": {"previous_close": 756.0, "open": 189.0}}),
        ({"previous_action": None}, {"previous_action": None, "transition": False}),
        ({"previous_action": "BUY"}, {"previous_action": "BUY", "transition": False}),
        (
            {"provenance": Provenance("live", "alpaca", "sip", "raw")},
            {"origin": "live", "source": "alpaca", "feed": "sip"},
        ),
    ],
)
def test_what_follows_from_a_row(changes: dict[str, Any], says: dict[str, Any]) -> None:
    row = ROW._replace(**changes)
    assert signal_of(row, RUN, "AAPL", STRATEGY) == OF_ROW | says | {"explanation": explain(row, STRATEGY)}


def test_its_id_follows_from_run_symbol_time_strategy_and_revision() -> None:
    ids = {
        signal_of(row, run_id, symbol, STRATEGY)["id"]
        for row in (ROW, ROW._replace(revision=1), ROW._replace(timestamp=0), ROW._replace(strategy="other/1"))
        for run_id, symbol in ((RUN, "AAPL"), (RUN, "SPY"), ("live", "AAPL"))
    }
    assert len(ids) == 12
    assert SIGNAL["id"] in ids


def test_the_first_bar_is_no_transition() -> None:
    assert not is_transition("BUY", None)
    assert is_transition("BUY", "HOLD")
    assert not is_transition("BUY", "BUY")
