"""How the memory, threads and open files of workers went."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tests.harness.chaos.crew import Footprint

MB = 1_000_000

#: What a worker takes while it fills its caches is no growth, but it counts for the most that it had.
WARM_UP = 0.25


class Course(NamedTuple):
    """How one process' footprint went over its whole life; memory in MB. Only its growth is after the warm-up."""

    name: str
    seconds: float
    least: float
    most: float
    last: float
    #: MB a minute.
    slope: float
    #: The mean of each quarter of its life, in MB.
    quarters: tuple[float, ...]
    threads: tuple[int, int]
    files: tuple[int, int]


def courses(footprints: Sequence[Footprint]) -> list[Course]:
    """One for each process that was seen at least ten times, the longest life first."""
    lives: dict[tuple[str, int], list[Footprint]] = {}
    for each in footprints:
        lives.setdefault((each.name, each.pid), []).append(each)
    found = [_course(life) for life in lives.values() if len(life) >= 10]
    return sorted(found, key=lambda course: -course.seconds)


def _course(life: Sequence[Footprint]) -> Course:
    times = np.array([each.seconds for each in life])
    sizes = np.array([each.rss / MB for each in life])
    threads, files = [each.threads for each in life], [each.files for each in life]
    warm = slice(int(WARM_UP * len(life)), None)
    return Course(
        life[0].name,
        life[-1].seconds - life[0].seconds,
        float(sizes.min()),
        float(sizes.max()),
        float(sizes[-1]),
        float(np.polyfit(times[warm], sizes[warm], 1)[0] * 60),
        tuple(float(part.mean()) for part in np.array_split(sizes, 4)),
        (min(threads), max(threads)),
        (min(files), max(files)),
    )
