from typing import Any

import pytest

from app.domain.records import Bar
from app.domain.strategy import Strategy
from tests.bars import series
from tests.bench.peers.arithmetic import KEEP, STRATEGY, advance, new_window, slot
from tests.harness.oracle import differences, final_signals
from tests.integration.random_bars import random_bars

NOWHERE: Any = lambda before, after: None  # noqa: E731


def signals_of(bars: list[Bar]) -> list[dict[str, Any]]:
    windows: dict[str, dict[str, Any]] = {}
    return [advance(windows.setdefault(bar["symbol"], new_window()), dict(bar)) for bar in bars]


@pytest.mark.parametrize(
    "bars",
    [
        list(random_bars(30, 150, seed=7)),
        series([10.0] * 70),
        series([10.0] * 60 + [10.5, 10.4] * 10 + [9.0] * 20),
        series([float(price) for price in range(1, 80)]),
    ],
    ids=["random", "flat", "flat stretches", "rising"],
)
def test_the_peers_say_what_the_oracle_says(bars: list[Bar]) -> None:
    assert Strategy().name == STRATEGY
    found = [signal | {"gap_minutes": None} for signal in signals_of(bars)]
    assert differences(final_signals(bars, Strategy(), NOWHERE), found) == []


def test_a_window_and_the_ring_of_signals_do_not_grow() -> None:
    window = new_window()
    slots = []
    for bar in series([10.0 + minute % 7 for minute in range(120)]):
        advance(window, dict(bar))
        slots.append(slot(window))
    assert len(window["bars"]) == KEEP
    assert slots[:3] == [0, 1, 2]
    assert slots[49:52] == [49, 0, 1]
