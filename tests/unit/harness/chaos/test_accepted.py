"""What the judge says of a bar agrees with what the system does with it."""

import asyncio

import pytest

from app.avro.serde import Encoder
from app.domain.outcome import Outcome
from app.domain.records import Bar
from app.domain.strategy import Strategy
from tests.bars import make_bar
from tests.harness.chaos.accepted import Accepted
from tests.harness.chaos.hostile_bars import HostileBars
from tests.harness.doubles.schema_source import SchemasInMemory
from tests.unit.domain.pipeline import Pipeline

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
    tape = HostileBars("test", ["A", "B"], encoder(), seed)
    bars = [item.bar for item in (tape.next() for _ in range(2000)) if item.bar]
    accepted = Accepted(STRATEGY)
    told = [accepted.take(bar) for bar in bars]
    assert told == outcomes(bars)
    assert set(told) == set(MEANINGS.values())


def outcomes(bars: list[Bar]) -> list[str]:
    pipeline = Pipeline(STRATEGY)
    pipeline.fold(bars)
    return [MEANINGS[outcome] for outcome in pipeline.outcomes]


def test_what_was_accepted_last_counts() -> None:
    accepted = Accepted(STRATEGY)
    for close in (1.0, 2.0):
        accepted.take(make_bar(0, close))
    assert [bar["close"] for bar in accepted.bars()] == [2.0]
