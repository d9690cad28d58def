from typing import Any

import pytest

from app.alerts.rules import Rules
from tests.unit.alerts.made import signal


def test_a_live_turn_to_buy_matches_what_nobody_changed() -> None:
    assert Rules().matches(signal())


@pytest.mark.parametrize(
    "changes",
    [
        {"transition": False},
        {"action": "HOLD", "previous_action": "BUY"},
        {"origin": "replay"},
        {"origin": "backfill"},
        {"origin": "synthetic"},
        {"rsi_seed_weight": 0.0011},
    ],
)
def test_what_does_not_match(changes: dict[str, Any]) -> None:
    assert not Rules().matches(signal(**changes))


def test_what_was_asked_for_matches() -> None:
    assert Rules(symbols={"AAPL"}).matches(signal())
    assert not Rules(symbols={"SPY"}).matches(signal())
    assert Rules(origins={"replay"}).matches(signal(origin="replay"))
    assert not Rules(origins={"replay"}).matches(signal())
    assert Rules(actions={"HOLD"}).matches(signal(action="HOLD"))
    assert Rules(seed_weight=1).matches(signal(rsi_seed_weight=1.0))
    assert Rules(seed_weight=0.5).matches(signal(rsi_seed_weight=0.5))
