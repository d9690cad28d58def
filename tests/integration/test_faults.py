"""Every fault at every point of a batch, in each agent, with the disk kept and with it lost: nothing is lost by it."""

import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count, product
from pathlib import Path

import pytest

from app.engine.points import Point
from tests.crashing.chain import Chain, Combination
from tests.crashing.order import Fault
from tests.integration.fixtures_stack import LocalStack

Run = Callable[[Chain, Sequence[Combination]], None]

#: Chains that run at once, for each worker spends most of its life waiting.
CHAINS_OF_LIVES = 6
CHAINS_OF_TURNS = 3

_numbers = count(1)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("agent", ["indicators", "signals"])
def test_every_fault_at_every_point_loses_nothing(agent: str, stack: LocalStack, tmp_path: Path) -> None:
    def run(runner: Run, combinations: Sequence[Combination]) -> None:
        number = next(_numbers)
        with closing(Chain(stack.status, tmp_path / str(number), f"faults{agent}{number}", seed=number)) as chain:
            runner(chain, combinations)

    chains = list(chains_of(agent))
    with ThreadPoolExecutor(len(chains)) as threads:
        for running in [threads.submit(run, *each) for each in chains]:
            running.result()


def chains_of(agent: str) -> Iterator[tuple[Run, Sequence[Combination]]]:
    """Each combination once, in any order; of the chains with pauses some keep all disks and some lose them all."""
    lives = [Combination(agent, *each) for each in product(Point, (Fault.KILL, Fault.TERM, Fault.RAISE), (True, False))]
    random.Random(agent).shuffle(lives)
    for first in range(CHAINS_OF_LIVES):
        yield Chain.lives, lives[first::CHAINS_OF_LIVES]
    for disk_kept, first in product((True, False), range(CHAINS_OF_TURNS)):
        turns = [Combination(agent, point, Fault.STOP, disk_kept) for point in Point]
        random.Random(agent).shuffle(turns)
        yield Chain.turns, turns[first::CHAINS_OF_TURNS]
