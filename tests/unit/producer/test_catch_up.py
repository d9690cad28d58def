"""Waiting for workers, on a clock of its own."""

from collections.abc import Callable

from app.producer.catch_up import CatchUp, Ending

ENDS = {0: 10, 1: 20}


class World:
    """The group as time goes by: offsets and members are functions of the seconds."""

    def __init__(self, committed: Callable[[float], dict[int, int]], members: Callable[[float], int]) -> None:
        self.now = 0.0
        self.seen: list[tuple[dict[int, int], int]] = []
        self.catch_up = CatchUp(
            ENDS,
            lambda: committed(self.now),
            lambda: members(self.now),
            clock=lambda: self.now,
            sleep=self._sleep,
            gone_seconds=45,
            stuck_seconds=300,
        )

    def _sleep(self, seconds: float) -> None:
        self.now += seconds

    def wait(self, *, patient: bool = False) -> Ending:
        return self.catch_up.wait(lambda found, workers: self.seen.append((dict(found), workers)), patient=patient)


def nothing(_: float) -> dict[int, int]:
    return {}


def test_it_is_through_when_each_partition_is_behind_its_last_bar() -> None:
    world = World(lambda now: {0: 10, 1: 20 if now >= 5 else 19}, lambda _: 1)
    assert world.wait() is Ending.THROUGH
    assert world.now == 5.0
    assert world.seen[-1] == ({0: 10, 1: 19}, 1)


def test_what_was_processed_needs_no_worker_any_more() -> None:
    assert World(lambda _: {0: 99, 1: 20}, lambda _: 0).wait() is Ending.THROUGH


def test_without_a_worker_it_ends_at_once_unless_it_is_to_wait() -> None:
    assert World(nothing, lambda _: 0).wait() is Ending.ABSENT
    world = World(lambda now: ENDS if now >= 4010 else {}, lambda now: int(now >= 4000))
    assert world.wait(patient=True) is Ending.THROUGH
    assert world.now == 4010.0


def test_a_worker_that_dies_is_waited_for_a_while() -> None:
    world = World(lambda now: {0: min(int(now), 8)}, lambda now: int(now < 20))
    assert world.wait() is Ending.GONE
    assert 60 < world.now < 70


def test_one_that_is_started_again_in_time_goes_on() -> None:
    world = World(lambda now: ENDS if now >= 55 else {}, lambda now: int(now < 20 or now > 50))
    assert world.wait() is Ending.THROUGH


def test_one_that_gets_no_further_is_given_up() -> None:
    world = World(lambda now: {0: 5} if now >= 100 else {}, lambda _: 2)
    assert world.wait() is Ending.STUCK
    assert 400 < world.now < 402


def test_one_that_comes_late_has_all_the_time() -> None:
    world = World(nothing, lambda now: int(now >= 1000))
    assert world.wait(patient=True) is Ending.STUCK
    assert world.now > 1300
