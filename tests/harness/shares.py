"""The order of tests for several processes of pytest: each begins with its share of those that wait for other programs.

pytest-xdist gives each process an equal part of the list as it stands (`--dist worksteal`). As collected, one would
begin with all tests of browser and Kafka, while the others compute.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def in_shares(items: Sequence[T], waits: Callable[[T], bool], processes: int) -> list[T]:
    """The same items: for each process an equal share of those that wait, and then of the others, in their order."""
    kinds = [[item for item in items if waits(item)], [item for item in items if not waits(item)]]
    return [item for number in range(processes) for kind in kinds for item in _share(kind, number, processes)]


def _share(items: Sequence[T], number: int, processes: int) -> Sequence[T]:
    return items[len(items) * number // processes : len(items) * (number + 1) // processes]
