"""A worker that is paused in the middle of a transaction and goes on when others have its partitions."""

import signal
from pathlib import Path

import pytest

from app.domain.records import Bar
from app.engine.failpoints import Failpoint
from tests.harness.crashing.order import CrashFault, Order, Orders, Struck
from tests.harness.crashing.tables import wrong_disks, wrong_rows
from tests.harness.oracle import final_signals
from tests.integration.conftest import Deploy
from tests.integration.deployment import DeployedWorker, Deployment, last_revisions
from tests.integration.random_bars import random_bars
from tests.integration.waiting import eventually, passes

PROGRAM = "tests.harness.crashing.main"

#: Far beyond the session (6 s) and the time limit of transactions (11 s).
PAUSE_SECONDS = 30.0


@pytest.mark.parametrize(
    ("workers", "point"),
    [(2, Failpoint.SOME_PRODUCED), (2, Failpoint.AFTER_PRODUCE), (3, Failpoint.BEFORE_COMMIT)],
)
def test_the_commit_of_a_paused_worker_is_refused_and_nothing_of_it_is_seen(
    deploy: Deploy, tmp_path: Path, workers: int, point: Failpoint
) -> None:
    deployment, orders = deploy(batch_max=500, partitions=4), Orders(tmp_path)
    bars = list(random_bars(symbols=50, minutes=120, seed=6))
    half = len(bars) // 2
    deployment.send(bars[:half])
    crew = deployment.start_workers((f"w{n}" for n in range(workers)), PROGRAM, CRASHING_ORDERS=tmp_path)
    deployment.settle()
    orders.give(Order(point, CrashFault.STOP, 1))
    deployment.send(bars[half:])
    struck, zombie = strike(orders, crew)
    passed = passes(PAUSE_SECONDS)
    deployment.settle()
    assert deployment.wrong_signals(bars) == []
    eventually(passed, PAUSE_SECONDS + 5)
    eventually(lambda: deployment.undecided() == 0, 10)

    zombie.process.send_signal(signal.SIGCONT)
    eventually(lambda: f"{struck} dropped" in zombie.tail(100_000), 60, zombie.tail)
    eventually(lambda: all(map(has_partitions, crew)), 60, lambda: "\n".join(each.tail() for each in crew))
    assert deployment.wrong_signals(bars) == []
    more = [bar | {"close": bar["low"]} for bar in bars[-100:]]
    deployment.send(more)
    deployment.settle()
    assert deployment.wrong_signals([*bars, *more]) == []
    # Before that point all records may still be in the memory of the worker that was paused.
    assert deployment.aborted() > 0 or point is not Failpoint.BEFORE_COMMIT
    check_tables(deployment, [*bars, *more], crew)


def strike(orders: Orders, crew: list[DeployedWorker]) -> tuple[Struck, DeployedWorker]:
    """What has struck, once it has, and whom."""
    eventually(orders.struck, 60, lambda: "\n".join(each.tail() for each in crew))
    struck = orders.struck()
    assert struck is not None
    return struck, next(each for each in crew if each.process.pid == struck.pid)


def has_partitions(worker: DeployedWorker) -> bool:
    """Whether it is ready, and holds some, but not all."""
    if not worker.is_ready():
        return False
    return 0 < worker.held() < 4


def check_tables(deployment: Deployment, bars: list[Bar], workers: list[DeployedWorker]) -> None:
    """All disks, the changelog alone, the topic and numpy say the same."""
    for worker in workers:
        assert worker.terminate(30) == 0, worker.tail()
    expected = final_signals(bars, deployment.settings.strategy)
    assert wrong_rows(deployment.settings, expected, last_revisions(deployment.signals())) == []
    assert wrong_disks(deployment.settings, [deployment.directory / f"w{n}" for n in range(len(workers))]) == []
