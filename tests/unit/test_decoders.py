"""Every decoder on bytes near right ones: the same ones in each run; `make fuzz` looks further."""

import random
import tracemalloc
from time import process_time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.harness.fuzzing.families import FAMILIES
from tests.harness.fuzzing.mutations import TELLING, mutated, near

ALL = pytest.mark.parametrize("name", FAMILIES)

#: Of one piece of bytes, generously: each is read in well under a millisecond, of a few kilobytes.
SECONDS, BYTES = 1.0, 8_000_000


@ALL
def test_what_is_right_is_taken(name: str) -> None:
    for seed in FAMILIES[name].seeds:
        FAMILIES[name].check(seed)


@ALL
@settings(max_examples=60, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_bytes_are_read_as_promised(name: str, data: st.DataObject) -> None:
    FAMILIES[name].check(data.draw(near(FAMILIES[name].seeds)))


@ALL
def test_many_changed_values_are_read_as_promised_and_quickly(name: str) -> None:
    chance = random.Random(20261122)
    for _ in range(700):
        data = mutated(FAMILIES[name].seeds, chance)
        before = process_time()
        FAMILIES[name].check(data)
        assert process_time() - before < SECONDS, data


@ALL
def test_a_length_that_is_not_there_takes_no_memory(name: str) -> None:
    family = FAMILIES[name]
    chance = random.Random(20261122)
    tracemalloc.start()
    try:
        for _ in range(60):
            seed, patch = chance.choice(family.seeds), chance.choice(TELLING)
            at = chance.randrange(min(len(seed), 60))
            tracemalloc.reset_peak()
            before, _ = tracemalloc.get_traced_memory()
            family.check(seed[:at] + patch + seed[at + 1 :])
            assert tracemalloc.get_traced_memory()[1] - before < BYTES
    finally:
        tracemalloc.stop()
