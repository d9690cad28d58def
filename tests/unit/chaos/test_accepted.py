"""The judge's own telling of what becomes of a bar agrees with the system's."""

import asyncio
from collections import defaultdict

import pytest

from app.domain.outcome import Outcome
from app.domain.records import Bar
from app.domain.step import step
from app.domain.strategy import Strategy
from app.domain.window import Window
from app.serde import Encoder
from tests.bars import TOPIC_ID, make_bar
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
    windows: dict[str, Window] = defaultdict(lambda: Window(STRATEGY.name))
    found = []
    for offset, bar in enumerate(bars):
        windows[bar["symbol"]], stepped = step(
            windows[bar["symbol"]],
            [(offset, bar)],
            topic_id=TOPIC_ID,
            partition=0,
            strategy=STRATEGY,
            gap=lambda _, __: 0,
            now_ms=0,
        )
        found += [MEANINGS[outcome] for outcome in stepped.outcomes]
    return found


def test_what_was_accepted_last_counts() -> None:
    accepted = Accepted(STRATEGY)
    for close in (1.0, 2.0):
        accepted.take(make_bar(0, close))
    assert [bar["close"] for bar in accepted.bars()] == [2.0]
