"""Transactions that nobody ends, that take too long, and whose id another program takes."""

import signal
from io import BytesIO
from pathlib import Path
from typing import cast

import pytest
from confluent_kafka import Producer
from fastavro import schemaless_writer

import schemas
from app.avro.schema import parse
from app.engine.failpoints import Failpoint
from app.kafka.clients import producer_config
from app.settings import Settings
from tests.harness.chaos.topic_records import WIRE_HEADER, decoded
from tests.harness.crashing.members import evict_all
from tests.harness.crashing.order import CrashFault, Order, Orders
from tests.harness.crashing.tables import wrong_disks
from tests.harness.oracle import differences, final_signals
from tests.integration.conftest import Deploy
from tests.integration.deployment import DeployedWorker, Deployment, final
from tests.integration.random_bars import random_bars
from tests.integration.waiting import eventually, passes

PROGRAM = "tests.harness.crashing.main"
SESSION_SECONDS = 6
SOMEONE = "someone-else"

#: When the coordinator gives up a transaction (EngineOptions.transaction_seconds), and how often it looks at most.
LIMIT_SECONDS = SESSION_SECONDS + 5
SWEEP_SECONDS = 10

#: Where a transaction must stay open while a few things happen, on a busy machine too; and until it is taken over, for
#: which nobody waits.
LONG_SESSION_SECONDS = {"taken-over": 120, "left-alone": 15}


def started(deployment: Deployment, folder: Path, name: str) -> DeployedWorker:
    return deployment.start_worker(name, PROGRAM, CRASHING_ORDERS=folder)


def all_killed(deployment: Deployment, tmp_path: Path, names: list[str]) -> None:
    """Workers on folders of these names, all killed when the transaction of one is open."""
    orders = Orders(tmp_path)
    crew = [started(deployment, tmp_path, name) for name in names]
    for worker in crew:
        worker.wait_ready()
    orders.give(Order(Failpoint.BEFORE_COMMIT, CrashFault.STOP, 2))
    deployment.send(random_bars(symbols=20, minutes=30, seed=21))
    eventually(orders.struck, 60, crew[0].tail)
    for worker in crew:
        worker.kill()


@pytest.mark.parametrize("then", LONG_SESSION_SECONDS)
def test_a_reader_stands_still_until_an_open_transaction_is_ended(deploy: Deploy, tmp_path: Path, then: str) -> None:
    deployment = deploy(partitions=1, batch_max=100, session_seconds=LONG_SESSION_SECONDS[then])
    bars = list(random_bars(symbols=20, minutes=30, seed=21))
    all_killed(deployment, tmp_path, ["one", "other"])
    seen = deployment.count(deployment.topics.signals)
    assert deployment.undecided() > 0
    assert 0 < seen < len(bars)
    write_behind(deployment)
    # Nothing behind an open transaction is seen, no matter who wrote it.
    within = passes(3)
    while not within():
        assert deployment.count(deployment.topics.signals) == seen
        assert deployment.undecided() > 0
    if then == "taken-over":
        # Before the coordinator would have given it up, and so before the session of the dead is over.
        evict_all(deployment.settings.kafka_bootstrap or "", deployment.settings.id)
        worker = started(deployment, tmp_path, "one")
        eventually(lambda: deployment.undecided() == 0, 60, worker.tail)
    else:
        limit = deployment.settings.transaction_seconds
        eventually(lambda: deployment.undecided() == 0, limit + 2 * SWEEP_SECONDS)
        assert deployment.count(deployment.topics.signals) == seen + 1
        worker = started(deployment, tmp_path, "one")
    worker.wait_ready()
    deployment.settle()
    signals = deployment.signals()
    assert [each for each in signals if each["run_id"] == SOMEONE][1:] == []
    ours = [each for each in signals if each["run_id"] != SOMEONE]
    assert differences(final_signals(bars, deployment.settings.strategy), final(ours)) == []
    assert deployment.aborted() > 0


def write_behind(deployment: Deployment) -> None:
    """A signal of somebody else's, in the partition that the open transaction has written to."""
    message = deployment.messages(deployment.topics.signals)[0]
    value, stream = cast(bytes, message.value()), BytesIO()
    stream.write(value[:WIRE_HEADER])
    schemaless_writer(stream, parse(schemas.load("signal")), {**decoded("signal", message), "run_id": SOMEONE})
    producer = Producer(producer_config(deployment.settings))
    producer.produce(deployment.topics.signals.name, stream.getvalue(), message.key(), 0)
    assert producer.flush(30) == 0


@pytest.mark.parametrize("point", [Failpoint.SOME_PRODUCED, Failpoint.BEFORE_COMMIT])
def test_a_worker_whose_transaction_times_out_while_it_is_a_member_joins_again_and_goes_on(
    deploy: Deploy, tmp_path: Path, point: Failpoint
) -> None:
    deployment = deploy(partitions=2, batch_max=100, session_seconds=SESSION_SECONDS)
    orders = Orders(tmp_path)
    bars = list(random_bars(symbols=20, minutes=60, seed=22))
    worker = started(deployment, tmp_path, "w0").wait_ready()
    orders.give(Order(point, CrashFault.STALL, 2))
    deployment.send(bars[:600])
    eventually(orders.struck, 60, worker.tail)
    struck = orders.struck()
    assert struck is not None
    eventually(lambda: deployment.undecided() > 0, 10, worker.tail)
    eventually(lambda: deployment.undecided() == 0, LIMIT_SECONDS + 2 * SWEEP_SECONDS, worker.tail)
    # The other partition goes on meanwhile, for only a thread stands still.
    assert deployment.count(deployment.topics.signals) > 0
    orders.release()
    regained = f"{struck}: its transaction was given up by the broker; joining the group again"
    eventually(lambda: regained in log(worker), 60, worker.tail)
    deployment.send(bars[600:])
    worker.wait_ready()
    deployment.settle()
    assert deployment.wrong_signals(bars) == []
    assert deployment.aborted() > 0
    assert worker.terminate(30) == 0
    assert wrong_disks(deployment.settings, [deployment.directory / "w0"]) == []


def test_a_worker_whose_id_another_program_takes_ends_with_a_sentence(deploy: Deploy) -> None:
    deployment = deploy(partitions=2, batch_max=100)
    bars = list(random_bars(symbols=20, minutes=40, seed=23))
    deployment.send(bars[:400])
    worker = deployment.start_worker().wait_ready()
    deployment.settle()
    transactional_id = f"{deployment.settings.id}-{deployment.topics.raw.name}-0"
    take(deployment.settings, transactional_id)
    deployment.send(bars[400:])
    assert worker.wait_ended() == 1
    said = log(worker)
    assert f"Another program has taken over the transactional id {transactional_id}" in said
    assert "Stop that program, then start this worker again" in said
    # Who starts next is the writer again.
    deployment.start_worker().wait_ready()
    deployment.settle()
    assert deployment.wrong_signals(bars) == []


def take(settings: Settings, transactional_id: str) -> None:
    Producer(producer_config(settings) | {"transactional.id": transactional_id}).init_transactions(30)


def test_all_workers_paused_beyond_every_limit_go_on_alone(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deploy(partitions=2, batch_max=100, session_seconds=SESSION_SECONDS)
    orders = Orders(tmp_path)
    bars = list(random_bars(symbols=20, minutes=60, seed=24))
    crew = [started(deployment, tmp_path, name) for name in ("w0", "w1")]
    for worker in crew:
        worker.wait_ready()
    orders.give(Order(Failpoint.BEFORE_COMMIT, CrashFault.STOP, 2))
    deployment.send(bars)
    eventually(orders.struck, 60, crew[0].tail)
    for worker in crew:
        worker.process.send_signal(signal.SIGSTOP)
    eventually(lambda: deployment.undecided() == 0, LIMIT_SECONDS + 2 * SWEEP_SECONDS)
    for worker in crew:
        worker.process.send_signal(signal.SIGCONT)
    deployment.settle()
    for worker in crew:
        worker.wait_ready()
    assert deployment.wrong_signals(bars) == []
    assert deployment.aborted() > 0
    for worker in crew:
        assert worker.terminate(30) == 0
    assert wrong_disks(deployment.settings, [deployment.directory / name for name in ("w0", "w1")]) == []


def log(worker: DeployedWorker) -> str:
    return worker.log.read_text(errors="replace")
