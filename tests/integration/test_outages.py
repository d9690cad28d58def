"""Broker and registry away for a while: the worker waits, says so, and then goes on without a loss."""

from pathlib import Path

from tests.integration.bars import random_bars
from tests.integration.deployment import Deployment, final
from tests.integration.fixtures_stack import MakeStack
from tests.integration.waiting import eventually
from tests.oracle import differences, final_signals


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
