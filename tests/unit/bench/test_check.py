from typing import Any, cast

import pytest

from app.domain.records import Bar, Signal
from app.domain.strategy import Strategy
from tests.bench.check import WrongSignals, check, check_newest
from tests.integration.bars import random_bars
from tests.oracle import final_signals

STRATEGY = Strategy()
BARS = list(random_bars(3, 20, seed=1))


def signals(bars: list[Bar]) -> list[Signal]:
    return cast(list[Signal], final_signals(bars, STRATEGY))


def test_right_signals_pass_repeated_or_not() -> None:
    found = signals(BARS)
    check(BARS, [*found, found[3]], 0, STRATEGY)


def test_the_last_minute_is_judged_by_all_bars() -> None:
    newest = [signal for signal in signals(BARS) if signal["timestamp"] == BARS[-1]["timestamp"]]
    check_newest(BARS, newest, 0, STRATEGY)
    with pytest.raises(WrongSignals, match="bars_seen"):
        check_newest(BARS[3:], newest, 0, STRATEGY)


@pytest.mark.parametrize(
    ("found", "dead_letters", "message"),
    [
        (signals(BARS)[1:], 0, "59 bars have a signal, 60 were sent"),
        (signals(BARS), 2, "2 bars are in the dead letters"),
        ([cast(Any, {**signals(BARS)[0], "action": "BUY"}), *signals(BARS)[1:]], 0, "1 signals are wrong"),
    ],
)
def test_a_run_that_is_wrong_fails(found: list[Signal], dead_letters: int, message: str) -> None:
    with pytest.raises(WrongSignals, match=message):
        check(BARS, found, dead_letters, STRATEGY)
