"""Bars in bad times: what they must contain to be worth sending."""

import asyncio
from itertools import pairwise

from app.avro.serde import Encoder
from app.domain.records import MINUTE_MS
from app.domain.validation import bar_fault
from tests.harness.chaos.hostile_bars import HostileBars
from tests.harness.doubles.schema_source import SchemasInMemory
from tests.harness.soak.soak_sessions import sessions


def encoder() -> Encoder:
    made = Encoder("bar")
    asyncio.run(made.register(SchemasInMemory(), "bars"))
    return made


def test_a_tape_has_poison_of_every_kind_among_sensible_bars() -> None:
    tape = HostileBars("test", ["A", "B", "C"], encoder(), seed=1)
    items = [tape.next() for _ in range(3000)]
    poisoned = [item for item in items if item.bar is None]
    assert 0.05 < len(poisoned) / len(items) < 0.1
    assert {item.reason for item in poisoned} == {
        "not_avro",
        "unknown_schema",
        "undecodable",
        "invalid",
        "key_mismatch",
    }
    assert all(item.bar is None or bar_fault(item.bar) is None for item in items)


def test_the_same_seed_gives_the_same_tape() -> None:
    # By their text: NaN is not equal to itself.
    first, second = (HostileBars("test", ["A", "B"], encoder(), seed=2) for _ in range(2))
    assert [str(first.next()) for _ in range(500)] == [str(second.next()) for _ in range(500)]


def test_sessions_are_whole_days_of_all_symbols() -> None:
    take = sessions(symbols=3, days=2)("test", encoder(), 1)
    items = list(iter(take, None))
    bars = [item.bar for item in items if item and item.bar]
    assert len(bars) == 3 * 2 * 390
    times = sorted({bar["timestamp"] for bar in bars})
    assert [after - before for before, after in pairwise(times)].count(MINUTE_MS) == 2 * 389
    assert all(bar_fault(bar) is None for bar in bars)
