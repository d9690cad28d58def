"""Every fault at every point of a batch, with the disk kept and with it lost: nothing is lost or doubled by it."""

import random
from collections.abc import Callable, Sequence
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

#: What ends a worker's life, and what gives another its turn.
FAULTS = {"lives": (CrashFault.KILL, CrashFault.TERM, CrashFault.RAISE), "turns": (CrashFault.STOP,)}

#: Chains that run at once, for each worker spends most of its life waiting.
CHAINS = {"lives": 6, "turns": 4}

_numbers = count(1)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", CHAINS)
@pytest.mark.parametrize("disk_kept", [True, False], ids=["disk-kept", "disk-lost"])
def test_every_fault_at_every_point_loses_and_doubles_nothing(
    disk_kept: bool, kind: str, stack: LocalStack, tmp_path: Path
) -> None:
    runner: Run = {"lives": Chain.lives, "turns": Chain.turns}[kind]

    def run(combinations: Sequence[Combination]) -> None:
        number = next(_numbers)
        name = f"faults{disk_kept:d}{number}"
        with closing(Chain(stack.status, tmp_path / str(number), name, seed=number)) as chain:
            runner(chain, combinations)

    chains = chains_of(disk_kept, kind)
    with ThreadPoolExecutor(len(chains)) as threads:
        for running in [threads.submit(run, each) for each in chains]:
            running.result()


def chains_of(disk_kept: bool, kind: str) -> list[list[Combination]]:
    """Each combination once, in any order."""
    combinations = [Combination(*each, disk_kept) for each in product(Failpoint, FAULTS[kind])]
    random.Random(disk_kept).shuffle(combinations)
    return [combinations[first :: CHAINS[kind]] for first in range(CHAINS[kind])]
