"""Broker and registry away for a while: the worker waits, says so, and then goes on without a loss."""

import asyncio
import shutil
import signal
import time
from pathlib import Path
from typing import cast

import httpx
import psutil

from app.avro.serde import Encoder
from app.domain.records import Signal
from app.kafka.clients import registry
from tests.harness.chaos.topic_records import decoded
from tests.harness.oracle import differences, final_signals
from tests.integration.deployment import DeployedWorker, Deployment, final
from tests.integration.fixtures_stack import MakeStack
from tests.integration.own_broker import MakeBroker
from tests.integration.random_bars import random_bars
from tests.integration.waiting import eventually

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
        eventually(lambda: says(worker, "broker"), 30, worker.tail)
        assert worker.get("/ready").status_code == 503
        stack.start()
        worker.wait_ready()
        deployment.settle()

        # Schema ids that the worker has seen are all it needs.
        deployment.send(bars[len(bars) // 2 :])
        stack.kill_registry()
        deployment.settle()
        assert worker.process.poll() is None
        stack.start()
        assert deployment.wrong_signals(bars) == []
        assert deployment.count(deployment.topics.dead_letters) == 0

        stack.kill_kafka()
        assert worker.terminate() == 0
    finally:
        deployment.close()


def test_a_broker_that_hangs_and_one_whose_disk_is_full(make_broker: MakeBroker, tmp_path: Path) -> None:
    own = make_broker()
    deployment = Deployment(own.status.kafka, own.status.schema_registry, tmp_path, "full", partitions=2)
    broker = psutil.Process(own.status.kafka_pid)
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

        # Kafka ends itself when a record finds no room. So the worker stands still until the disk is full.
        worker.process.send_signal(signal.SIGSTOP)
        deployment.send(bars[2 * third :])
        broker.rlimit(psutil.RLIMIT_FSIZE, (FULL_BYTES, FULL_BYTES))
        worker.process.send_signal(signal.SIGCONT)
        broker.wait(60)
        eventually(lambda: says(worker, "broker"), 30, worker.tail)
        own.start()
        worker.wait_ready()
        deployment.settle()
        assert worker.process.poll() is None
        assert deployment.wrong_signals(bars) == []
        assert deployment.count(deployment.topics.dead_letters) == 0
    finally:
        deployment.close()


def test_a_registry_that_is_down_at_the_start_and_one_that_comes_back_empty(
    make_stack: MakeStack, tmp_path: Path
) -> None:
    stack = make_stack()
    deployment = Deployment(stack.status.kafka, stack.status.schema_registry, tmp_path, "empty", partitions=2)
    try:
        bars = list(random_bars(symbols=20, minutes=60, seed=13))
        parts = [bars[start : start + 300] for start in range(0, 1200, 300)]
        deployment.send(parts[0])
        stack.kill_registry()
        worker = deployment.start_worker()
        eventually(lambda: says(worker, "does not answer"), 60, worker.tail)
        stack.start()
        worker.wait_ready()
        deployment.settle()

        # A schema that the worker has not seen, while nobody can say what it is.
        older = Encoder("bar.v2")
        asyncio.run(older.register(registry(deployment.settings), deployment.topics.raw.subject))
        stack.kill_registry()
        deployment.send_raw((bar["symbol"].encode(), older.encode(bar)) for bar in parts[1])
        eventually(lambda: says(worker, "does not answer"), 60, worker.tail)
        stack.start()
        worker.wait_ready()
        deployment.settle()

        # The registry forgets everything, and the worker with it what it knew.
        assert worker.terminate() == 0
        deployment.send(parts[2])
        stack.kill_registry()
        shutil.rmtree(stack.directory / "registry")
        stack.start()
        worker = deployment.start_worker()
        eventually(lambda: says(worker, "knows no schema at all"), 60, worker.tail)
        # As its producer does, which registers the schema again.
        deployment.send(parts[3])
        worker.wait_ready()
        deployment.settle()
        # The new registry may give other ids, so older records cannot be read by theirs.
        signals = [cast(Signal, decoded("signal", each)) for each in deployment.messages(deployment.topics.signals)]
        assert differences(final_signals(bars, deployment.settings.strategy), final(signals)) == []
        assert deployment.count(deployment.topics.dead_letters) == 0
    finally:
        deployment.close()


def says(worker: DeployedWorker, words: str) -> bool:
    """Whether the worker gives this for a reason why it is not ready."""
    try:
        return words in " ".join(worker.get("/ready").json()["reasons"])
    except httpx.TransportError:
        return False
