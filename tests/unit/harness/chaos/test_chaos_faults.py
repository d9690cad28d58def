"""Faults follow from their seed."""

import random

from tests.harness.chaos.chaos_faults import CHANCES, LONGEST_SECONDS, FaultKind, draw


def test_each_kind_has_a_chance() -> None:
    assert CHANCES.keys() == set(FaultKind)


def test_the_same_seed_draws_the_same_faults() -> None:
    first, second = (random.Random(5) for _ in range(2))
    assert [draw(first, set(FaultKind)) for _ in range(50)] == [draw(second, set(FaultKind)) for _ in range(50)]


def test_only_what_is_possible_is_drawn_and_within_its_bounds() -> None:
    chance = random.Random(6)
    possible = {FaultKind.PAUSE, FaultKind.BROKER_AWAY}
    drawn = [draw(chance, possible) for _ in range(200)]
    assert {each.kind for each in drawn} == possible
    for each in drawn:
        _, shortest, longest = CHANCES[each.kind]
        assert shortest <= each.seconds <= longest
        assert each.wait <= LONGEST_SECONDS


def test_every_worker_may_be_chosen() -> None:
    chance = random.Random(7)
    names = ["w2", "w0", "w1"]
    assert {draw(chance, set(FaultKind)).choose(names) for _ in range(100)} == set(names)
