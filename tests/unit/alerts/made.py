"""Signals and alerts to test with."""

from typing import Any, cast

from app.alerts.alert import Alert
from app.domain.records import MINUTE_MS, Signal
from tests.unit.records import SIGNAL

#: The minute of `signal()` has just ended.
NOW_MS = SIGNAL["timestamp"] + MINUTE_MS


def signal(number: int = 0, **changes: Any) -> Signal:
    """A live, settled turn from HOLD to BUY; `number` minutes later, with an id of its own."""
    made = {
        **SIGNAL,
        "run_id": "live-iex-raw-regular",
        "origin": "live",
        "previous_action": "HOLD",
        "rsi_seed_weight": 1e-6,
        "timestamp": SIGNAL["timestamp"] + number * MINUTE_MS,
        **changes,
    }
    made["id"] = f"{made['run_id']}/{made['symbol']}/{made['timestamp']}/{made['strategy']}/{made['revision']}"
    return cast(Signal, made)


def alert(number: int = 0, partition: int = 0, **changes: Any) -> Alert:
    """The alert of `signal(number)`, at the offset `number` of a partition."""
    return Alert(signal(number, **changes), partition, number)
