"""How a worker's memory, threads and files went, and what of it is too much."""

import pytest

from tests.harness.chaos.chaos_plan import ChaosResult
from tests.harness.chaos.crew import Footprint
from tests.harness.soak.__main__ import MOST_MB, VETERAN, flat
from tests.harness.soak.memory import MB, courses


def life(name: str, pid: int, sizes: list[float]) -> list[Footprint]:
    return [Footprint(name, pid, second, int(size * MB), 10, 20 + second % 2) for second, size in enumerate(sizes)]


def test_growth_counts_after_the_warm_up_only() -> None:
    (course,) = courses(life("w0", 1, [*range(100, 200, 4), *([200.0] * 75)]))
    assert course.slope == pytest.approx(0)
    assert (course.least, course.most, course.last) == (100, 200, 200)
    assert course.quarters == pytest.approx((148, 200, 200, 200))
    assert (course.threads, course.files, course.seconds) == ((10, 10), (20, 21), 99)


def test_what_it_had_before_the_warm_up_was_over_counts_too() -> None:
    early = [Footprint(VETERAN, 1, second, 2 * MOST_MB * MB, 99, 300) for second in range(10)]
    later = [each._replace(seconds=each.seconds + 10) for each in life(VETERAN, 1, [200.0] * 90)]
    (course,) = courses([*early, *later])
    assert course.slope == pytest.approx(0)
    assert (course.least, course.most, course.last) == (200, 2 * MOST_MB, 200)
    assert (course.threads, course.files) == ((10, 99), (20, 300))
    assert flat(ChaosResult(footprints=later)) == []
    assert flat(ChaosResult(footprints=[*early, *later])) == [f"{VETERAN} had {2 * MOST_MB} MB"]


def test_steady_growth_is_told_in_mb_a_minute() -> None:
    (course,) = courses(life("w0", 1, [100 + second / 10 for second in range(100)]))
    assert course.slope == pytest.approx(6, rel=1e-3)


def test_each_process_has_a_course_the_longest_life_first() -> None:
    found = courses([*life("w1", 2, [1.0] * 20), *life("w1", 3, [1.0] * 5), *life("w0", 1, [1.0] * 30)])
    assert [course.name for course in found] == ["w0", "w1"]
