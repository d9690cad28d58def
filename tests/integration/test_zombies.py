"""A worker that was paused beyond its session and goes on while another has its partitions."""

import shutil
import signal
from typing import cast

from confluent_kafka import Producer

from app.clients import producer_config
from tests.integration.bars import random_bars
from tests.integration.conftest import Deploy
from tests.integration.deployment import Deployment, final
from tests.integration.test_crashes import await_outputs, check_tables
from tests.integration.waiting import eventually
from tests.oracle import differences, final_signals


def test_a_paused_workers_late_writes_do_not_survive(deploy: Deploy) -> None:
    deployment = deploy(batch_max=3000, partitions=4)
    bars = list(random_bars(symbols=200, minutes=400, seed=6))
    deployment.send(bars)
    zombie = deployment.start_worker("zombie").wait_ready()
    for topic in (deployment.topics.indicators, deployment.topics.signals):
        await_outputs(deployment, topic)
    zombie.process.send_signal(signal.SIGSTOP)
    assert deployment.lag() > 0
    successor = deployment.start_worker("successor").wait_ready()
    zombie.process.send_signal(signal.SIGCONT)
    eventually(lambda: 0 < len(zombie.get("/signals").json().get("missing_partitions", [])) < 4, 60, zombie.tail)
    deployment.settle()

    expected = final_signals(bars, deployment.settings.strategy)
    assert differences(expected, final(deployment.signals())) == []
    for worker in (zombie, successor):
        assert worker.terminate() == 0
    # What the changelogs alone give is what the judge says.
    shutil.rmtree(deployment.directory / "successor")
    deployment.start_worker("successor").wait_ready()
    check_tables(deployment, expected)


def test_old_values_behind_newer_ones_are_written_over_before_compaction_can_prefer_them(deploy: Deploy) -> None:
    deployment = deploy(batch_max=50, partitions=1)
    bars = list(random_bars(symbols=10, minutes=30, seed=12))
    deployment.send(bars)
    worker = deployment.start_worker().wait_ready()
    deployment.settle()
    newest = write_first_values_again(deployment)
    eventually(lambda: last_values(deployment) == newest, 60, worker.tail)

    # Also when the worker is away meanwhile, and has to restore all.
    assert worker.terminate() == 0
    shutil.rmtree(deployment.directory / "data")
    assert write_first_values_again(deployment) == newest
    deployment.start_worker().wait_ready()
    eventually(lambda: last_values(deployment) == newest, 60, worker.tail)
    check_tables(deployment, final_signals(bars, deployment.settings.strategy))


def write_first_values_again(deployment: Deployment) -> dict[bytes, bytes]:
    """Write the oldest values of the windows' changelog behind the newest, as a late worker would; returns those."""
    topic = deployment.topics.windows_changelog
    newest = last_values(deployment)
    first: dict[bytes, bytes] = {}
    for message in deployment.messages(topic):
        first.setdefault(cast(bytes, message.key()), cast(bytes, message.value()))
    assert first.keys() == newest.keys()
    assert all(first[key] != newest[key] for key in first)
    producer = Producer(producer_config(deployment.settings))
    for key, value in first.items():
        producer.produce(topic.name, value, key, 0)
    assert producer.flush(30) == 0
    return newest


def last_values(deployment: Deployment) -> dict[bytes, bytes]:
    """What compaction would leave of the windows' changelog."""
    messages = deployment.messages(deployment.topics.windows_changelog)
    return {cast(bytes, message.key()): cast(bytes, message.value()) for message in messages}
