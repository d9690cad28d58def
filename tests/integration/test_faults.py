"""Every fault at every point of a batch, with the disk kept and with it lost: nothing is lost or doubled by it."""

import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count, product
from pathlib import Path

import pytest

from app.engine.failpoints import Failpoint
from tests.harness.crashing.chain import Chain, Combination
from tests.harness.crashing.order import CrashFault
from tests.integration.fixtures_stack import LocalStack

Run = Callable[[Chain, Sequence[Combination]], None]

#: Chains that run at once, for each worker spends most of its life waiting.
CHAINS_OF_LIVES = 6
CHAINS_OF_TURNS = 3

_numbers = count(1)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("disk_kept", [True, False], ids=["disk-kept", "disk-lost"])
def test_every_fault_at_every_point_loses_and_doubles_nothing(
    disk_kept: bool, stack: LocalStack, tmp_path: Path
) -> None:
    def run(runner: Run, combinations: Sequence[Combination]) -> None:
        number = next(_numbers)
        name = f"faults{disk_kept:d}{number}"
        with closing(Chain(stack.status, tmp_path / str(number), name, seed=number)) as chain:
            runner(chain, combinations)

    chains = list(chains_of(disk_kept))
    with ThreadPoolExecutor(len(chains)) as threads:
        for running in [threads.submit(run, *each) for each in chains]:
            running.result()


def chains_of(disk_kept: bool) -> Iterator[tuple[Run, Sequence[Combination]]]:
    """Each combination once, in any order."""
    chance = random.Random(disk_kept)
    faults = (CrashFault.KILL, CrashFault.TERM, CrashFault.RAISE)
    lives = [Combination(*each, disk_kept) for each in product(Failpoint, faults)]
    chance.shuffle(lives)
    for first in range(CHAINS_OF_LIVES):
        yield Chain.lives, lives[first::CHAINS_OF_LIVES]
    turns = [Combination(point, CrashFault.STOP, disk_kept) for point in Failpoint]
    chance.shuffle(turns)
    for first in range(CHAINS_OF_TURNS):
        yield Chain.turns, turns[first::CHAINS_OF_TURNS]
