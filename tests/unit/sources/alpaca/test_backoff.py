import random
from itertools import pairwise

from app.sources.alpaca.backoff import LONGEST_S, Backoff


class WholeStep(random.Random):
    def uniform(self, a: float, b: float) -> float:
        assert a == 0
        return b


def test_doubles_up_to_a_minute() -> None:
    backoff = Backoff(WholeStep())
    assert [backoff.next_s() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_leaves_out_the_short_steps_when_asked() -> None:
    backoff = Backoff(WholeStep())
    assert [backoff.next_s(30), backoff.next_s(30), backoff.next_s()] == [30, 60, 60]


def test_begins_again() -> None:
    backoff = Backoff(WholeStep())
    for _ in range(5):
        backoff.next_s()
    backoff.reset()
    assert backoff.next_s() == 1


def test_two_programs_do_not_wait_alike() -> None:
    waits = [Backoff(random.Random(seed)).next_s() for seed in range(100)]
    assert all(0 <= wait <= 1 for wait in waits)
    assert all(a != b for a, b in pairwise(waits))


def test_never_waits_longer_than_a_minute() -> None:
    backoff = Backoff()
    assert all(backoff.next_s(1000) <= LONGEST_S for _ in range(100))
