"""A chain of faults in one deployment: the life of each worker is the recovery from the fault of the one before."""

import os
import random
import shutil
import signal
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from app.engine.failpoints import Failpoint
from app.kafka.topic_admin import ensure_topics
from app.settings import Settings
from app.stack import StackStatus
from tests.harness.crashing.crash_audit import CrashAudit
from tests.harness.crashing.crash_feed import CrashFeed
from tests.harness.crashing.forked import ForkedWorker
from tests.harness.crashing.members import describe, evict_all
from tests.harness.crashing.order import AT_THE_BROKER, CrashFault, Order, Orders, Struck
from tests.harness.held_port import HeldPort
from tests.integration.waiting import eventually, passes

Found = TypeVar("Found")

BATCH_MAX = 10

#: Orders are for one of the first so many batches of a life.
BATCHES = 2

#: Enough for so many batches, whatever the symbols of a batch and whatever a life finds done.
FED = (BATCHES + 2) * BATCH_MAX

#: A wait for another process; generous, as the machine may be busy.
PATIENCE = 90.0

SESSION_SECONDS = 6

#: The coordinator aborts by then whatever a worker has left open; see EngineOptions.transaction_seconds.
TRANSACTION_SECONDS = SESSION_SECONDS + 5

#: A crash at these points leaves nothing committed.
UNCOMMITTED = list(Failpoint)[: list(Failpoint).index(Failpoint.AFTER_COMMIT)]

EXIT_CODES = {CrashFault.KILL: -signal.SIGKILL, CrashFault.TERM: 0, CrashFault.RAISE: 1}


class Combination(NamedTuple):
    """A fault at a point, and whether the disk is still there afterwards."""

    point: Failpoint
    fault: CrashFault
    disk_kept: bool


class Chain:
    """A deployment of one partition, what is sent to it, and its judge."""

    def __init__(self, status: StackStatus, directory: Path, name: str, seed: int) -> None:
        directory.mkdir(parents=True)
        self._directory = directory
        self._environment = {
            "KAFKA_BOOTSTRAP": status.kafka,
            "SCHEMA_REGISTRY_URL": status.schema_registry,
            "TOPIC_PREFIX": f"{name}.",
            "PARTITIONS": "1",
            "BATCH_MAX": str(BATCH_MAX),
            "SESSION_SECONDS": str(SESSION_SECONDS),
            "CRASHING_ORDERS": str(directory),
        }
        chosen: dict[str, Any] = {
            "_env_file": None,
            "kafka_bootstrap": status.kafka,
            "schema_registry_url": status.schema_registry,
            "topic_prefix": f"{name}.",
            "partitions": 1,
        }
        self._settings = Settings(**chosen)
        self._kafka, self._group = status.kafka, self._settings.id
        self._chance = random.Random(seed)
        self._ports: dict[str, HeldPort] = {}
        self._workers: list[ForkedWorker] = []
        ensure_topics(self._settings)
        self._orders = Orders(directory)
        self._feed = CrashFeed(self._settings, seed)
        self._judge = CrashAudit(self._settings, self._feed)
        #: Whether a fault must have left a part of a batch for others to abort.
        self._left_open = False

    def close(self) -> None:
        for worker in self._workers:
            worker.kill()
        for port in self._ports.values():
            port.close()
        self._judge.close()

    def lives(self, combinations: Sequence[Combination]) -> None:
        """One worker after the other, each ended by a fault, and one that lives on."""
        for combination in combinations:
            self._give(combination)
            self._feed.send(FED)
            worker = self._start("data")
            code = worker.ended(PATIENCE)
            assert code == EXIT_CODES[combination.fault], f"{combination}: exit code {code}\n{worker.tail()}"
            struck = self._orders.struck()
            assert struck is not None, f"{combination}: the worker ended without it\n{worker.tail()}"
            self._check(combination, struck, worker)
            if combination.fault is CrashFault.KILL:
                evict_all(self._kafka, self._group)
            if not combination.disk_kept:
                shutil.rmtree(self._directory / "data")
        self._feed.send(FED)
        self._finish(self._start("data"))

    def turns(self, combinations: Sequence[Combination]) -> None:
        """Two workers; the one that works is paused until the other has taken over."""
        workers = {name: self._start(name) for name in ("one", "other")}

        def tails() -> str:
            return "\n".join(worker.tail() for worker in workers.values())

        for combination in combinations:
            self._give(combination)
            self._feed.send(FED)
            struck = eventually_some(self._orders.struck, tails)
            limit_passed = passes(TRANSACTION_SECONDS)
            name, zombie = next((name, worker) for name, worker in workers.items() if worker.pid == struck.pid)
            eventually(zombie.is_paused, PATIENCE)
            # The paused worker's batch is not committed, so that it was the other one when it is.
            eventually(partial(self._is_beyond, struck), PATIENCE, tails)
            eventually(limit_passed, PATIENCE)
            assert zombie.is_paused()
            # No reader of committed records waits for the paused worker.
            eventually(lambda: self._judge.undecided() == 0, PATIENCE, tails)
            zombie.send_signal(signal.SIGCONT)
            if struck.order.point in UNCOMMITTED:
                eventually(lambda what=f"{struck} dropped", by=zombie: what in by.log(), PATIENCE, tails)  # type: ignore[misc]
            self._feed.send(BATCH_MAX)
            eventually(lambda: self._is_whole(workers), PATIENCE, tails)
            self._check(combination, struck, zombie)
            if not combination.disk_kept:
                end(workers[name])
                shutil.rmtree(self._directory / name)
                workers[name] = self._start(name)
        self._feed.send(FED)
        first, last = workers.values()
        end(first)
        self._finish(last)

    def _give(self, combination: Combination) -> None:
        self._orders.give(Order(combination.point, combination.fault, self._chance.randint(1, BATCHES)))

    def _start(self, data: str) -> ForkedWorker:
        if data not in self._ports:
            self._ports[data] = HeldPort()
        environment = {
            **os.environ,
            **self._environment,
            "DATA_DIR": str(self._directory / data),
            "API_PORT": str(self._ports[data].number),
        }
        worker = ForkedWorker(environment, self._directory / f"{data}.log")
        self._workers.append(worker)
        return worker

    def _is_beyond(self, struck: Struck) -> bool:
        """Whether the batch of a fault is committed, and more."""
        return self._judge.committed() > struck.end

    def _is_whole(self, workers: dict[str, ForkedWorker]) -> bool:
        for worker in workers.values():
            assert worker.exitcode is None, worker.tail()
        group = describe(self._kafka, self._group)
        return group.state == "Stable" and len(group.members) == len(workers)

    def _is_through(self) -> bool:
        """Whether all is committed, and no marker of a transaction is still to come."""
        return self._judge.lag() == 0 and self._judge.undecided() == 0

    def _check(self, combination: Combination, struck: Struck, worker: ForkedWorker) -> None:
        """See that the fault happened at its point, and that what is committed is what may be by then."""
        point, fault, _ = combination
        assert struck.order[:2] == (point, fault)
        assert struck.pid == worker.pid
        if fault is CrashFault.KILL and point in AT_THE_BROKER:
            assert self._judge.undecided() > 0, "the broker had nothing of the batch"
            self._left_open = True
        if fault in (CrashFault.KILL, CrashFault.RAISE):
            if point in UNCOMMITTED:
                assert self._judge.checkpoint() <= struck.start
            else:
                self._judge.wait_committed(struck.end)
            if point is not Failpoint.AFTER_ACK:
                assert self._judge.committed() <= struck.start
        self._judge.check_committed()

    def _finish(self, worker: ForkedWorker) -> None:
        """Let the worker do what is left, and compare all that there is with what there should be."""
        eventually(lambda: worker.is_ready() and self._is_through(), PATIENCE, worker.tail)
        self._judge.check_committed()
        self._judge.check_final(worker.get)
        end(worker)
        self._judge.check_tables(self._directory / data for data in self._ports)
        aborted = self._judge.aborted()
        assert aborted > 0 or not self._left_open, "nothing was aborted, though it was left open"


def end(worker: ForkedWorker) -> None:
    # One that has only just started knows no SIGTERM yet.
    eventually(worker.answers, PATIENCE, worker.tail)
    worker.send_signal(signal.SIGTERM)
    code = worker.ended(PATIENCE)
    assert code == 0, f"exit code {code} after SIGTERM:\n{worker.tail()}"


def eventually_some(find: Callable[[], Found | None], otherwise: Callable[[], str]) -> Found:
    """What `find` returns once it is not None."""
    found: list[Found] = []

    def finds() -> bool:
        found.extend(each for each in (find(),) if each is not None)
        return bool(found)

    eventually(finds, PATIENCE, otherwise)
    return found[0]
