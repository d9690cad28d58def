from typing import Any

import pytest

from tests.compose.compose_verdict import judge


def at(minute: int, symbol: str = "AAPL") -> dict[str, Any]:
    return {"run_id": "run", "symbol": symbol, "timestamp": f"2024-11-14T14:{minute}:00Z", "close": 1.0}


def test_one_signal_a_bar_is_well() -> None:
    bars = [at(30), at(31), at(30, "SPY")]
    assert judge(bars, reversed(bars), 0).faults == ()


def test_a_bar_that_is_there_twice_has_one_signal() -> None:
    verdict = judge([at(30), at(30)], [at(30)], 0)
    assert (verdict.bars, verdict.signals, verdict.faults) == (1, 1, ())


@pytest.mark.parametrize(
    ("bars", "signals", "dead_letters", "fault"),
    [
        ([at(30), at(31)], [at(30)], 0, "1 signals are lost: [('run', 'AAPL', '2024-11-14T14:31:00Z')]"),
        ([at(30)], [at(30), at(30)], 0, "1 signals are there more than once"),
        ([at(30)], [at(30), at(31)], 0, "1 signals are of no bar"),
        ([at(30)], [at(30)], 2, "2 records are dead letters"),
        ([], [], 0, "there are no bars"),
    ],
)
def test_each_fault_is_named(bars: list[Any], signals: list[Any], dead_letters: int, fault: str) -> None:
    (found,) = judge(bars, signals, dead_letters).faults
    assert found.startswith(fault)
