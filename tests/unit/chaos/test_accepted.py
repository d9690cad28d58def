"""The judge's own telling of what becomes of a bar agrees with the system's."""

import asyncio
from collections import defaultdict

import pytest

from app.domain.outcome import Outcome
from app.domain.records import Bar
from app.domain.strategy import Strategy
from app.domain.update_windows import update_windows
from app.domain.window import Window
from app.serde import Encoder
from tests.bars import make_bar
from tests.chaos.accepted import Accepted
from tests.chaos.tape import Tape
from tests.doubles.schema_source import SchemasInMemory

STRATEGY = Strategy()
MEANINGS = {
    Outcome.APPENDED: "new",
    Outcome.INSERTED: "new",
    Outcome.CORRECTED: "corrected",
    Outcome.DUPLICATE: "repeated",
    Outcome.STALE: "stale",
}


def encoder() -> Encoder:
    made = Encoder("bar")
    asyncio.run(made.register(SchemasInMemory(), "bars"))
    return made


@pytest.mark.parametrize("seed", range(5))
def test_it_agrees_with_the_fold(seed: int) -> None:
    tape = Tape("test", ["A", "B"], encoder(), seed)
    bars = [item.bar for item in (tape.next() for _ in range(2000)) if item.bar]
    accepted = Accepted(STRATEGY)
    told = [accepted.take(bar) for bar in bars]
    assert told == outcomes(bars)
    assert set(told) == set(MEANINGS.values())


def outcomes(bars: list[Bar]) -> list[str]:
    windows: dict[str, Window] = defaultdict(Window)
    found = []
    for bar in bars:
        (outcome,), _ = update_windows(windows[bar["symbol"]], [bar], STRATEGY, lambda _, __: 0)
        found.append(MEANINGS[outcome])
    return found


def test_what_was_accepted_last_counts() -> None:
    accepted = Accepted(STRATEGY)
    for close in (1.0, 2.0):
        accepted.take(make_bar(0, close))
    assert [bar["close"] for bar in accepted.bars()] == [2.0]
