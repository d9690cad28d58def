"""Broker and registry away for a while: the worker waits, says so, and then goes on without a loss."""

import time
from pathlib import Path

import psutil

from tests.integration.bars import random_bars
from tests.integration.deployment import Deployment, final
from tests.integration.fixtures_stack import MakeStack
from tests.integration.waiting import eventually
from tests.oracle import differences, final_signals

#: No file of Kafka's may grow beyond this.
FULL_BYTES = 64 * 1024


def test_a_broker_and_a_registry_that_come_back(make_stack: MakeStack, tmp_path: Path) -> None:
    stack = make_stack()
    deployment = Deployment(stack.status.kafka, stack.status.schema_registry, tmp_path, "outage")
    try:
        bars = list(random_bars(symbols=100, minutes=200, seed=5))
        deployment.send(bars[: len(bars) // 2])
        worker = deployment.start_worker().wait_ready()
        eventually(lambda: deployment.count(deployment.topics.signals) > 1000, 60, worker.tail)
        stack.kill_kafka()
        eventually(lambda: worker.get("/ready").status_code == 503, 30, worker.tail)
        assert "broker" in " ".join(worker.get("/ready").json()["reasons"])
        stack.start()
        worker.wait_ready()
        deployment.settle()

        # Schema ids that the worker has seen are all it needs.
        deployment.send(bars[len(bars) // 2 :])
        stack.kill_registry()
        deployment.settle()
        assert worker.process.poll() is None
        stack.start()
        assert differences(final_signals(bars, deployment.settings.strategy), final(deployment.signals())) == []
        assert deployment.count(deployment.topics.dead_letters) == 0

        stack.kill_kafka()
        assert worker.terminate(seconds=10) == 0
    finally:
        deployment.close()


def test_a_broker_that_hangs_and_one_whose_disk_is_full(make_stack: MakeStack, tmp_path: Path) -> None:
    stack = make_stack()
    deployment = Deployment(stack.status.kafka, stack.status.schema_registry, tmp_path, "full", partitions=2)
    broker = psutil.Process(stack.status.kafka_pid)
    try:
        bars = list(random_bars(symbols=100, minutes=300, seed=11))
        third = len(bars) // 3
        deployment.send(bars[:third])
        worker = deployment.start_worker().wait_ready()
        deployment.settle()

        deployment.send(bars[third : 2 * third])
        broker.suspend()
        # Longer than the session, and than the delivery's patience.
        time.sleep(8)
        broker.resume()
        deployment.settle()

        # Kafka ends itself at the first record that finds no room.
        deployment.send(bars[2 * third :])
        broker.rlimit(psutil.RLIMIT_FSIZE, (FULL_BYTES, FULL_BYTES))
        broker.wait(60)
        stack.start()
        worker.wait_ready()
        deployment.settle()
        assert worker.process.poll() is None
        assert differences(final_signals(bars, deployment.settings.strategy), final(deployment.signals())) == []
        assert deployment.count(deployment.topics.dead_letters) == 0
    finally:
        deployment.close()
