"""A changelog is damaged; `stocks tables rebuild` sets the tables back, and what a worker computes anew is right."""

import shutil
from typing import cast

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import ConfigResource, ResourceType

from app.broker import Broker
from app.clients import producer_config
from app.engine.progress import PROGRESS_KEY
from app.settings import Settings
from tables.rebuild import rebuild
from tables.rebuild_survey import survey
from tests.integration.bars import random_bars
from tests.integration.command_line import Stocks, stocks
from tests.integration.conftest import Deploy
from tests.integration.deployment import Deployment, final
from tests.integration.test_crashes import check_tables
from tests.oracle import differences, final_signals

__all__ = ["stocks"]


def test_a_damaged_table_is_computed_anew(deploy: Deploy, stocks: Stocks) -> None:
    deployment = deploy(partitions=2)
    bars = list(random_bars(symbols=10, minutes=80, seed=12))
    deployment.send(bars)
    worker = deployment.start_worker().wait_ready()
    deployment.settle()
    refused = stocks(settings(deployment), "tables", "rebuild", "--yes")
    assert refused.exit_code == 1
    assert "Workers are running in group" in refused.stderr
    assert worker.terminate() == 0
    shutil.copytree(deployment.directory / "data", deployment.directory / "elsewhere")
    signals = deployment.signals()
    damage(deployment)
    worker = deployment.start_worker()
    assert worker.process.wait(60) != 0
    assert "table windows, key b'test\\x00S00" in worker.tail(100_000)
    assert "format version 99" in worker.tail(100_000)

    planned = stocks(settings(deployment), "tables", "rebuild", "--dry-run")
    assert "All 10 windows and 10 signal histories" in planned.stdout
    assert "Values that cannot be read now: " in planned.stdout
    stop_amid(deployment)
    done = stocks(settings(deployment), "tables", "rebuild", "--yes")
    assert done.exit_code == 0, done.output
    assert deployment.lag() == len(bars)
    assert cleanup_policy(deployment) == "compact"
    # With the tables of before, as in the folder of another machine.
    deployment.start_worker("elsewhere").wait_ready()
    deployment.settle()
    expected = final_signals(bars, deployment.settings.strategy)
    again = deployment.signals()
    assert differences(expected, final(again)) == []
    assert len(again) == 2 * len(signals)
    assert {signal["id"] for signal in again} == {signal["id"] for signal in signals}
    check_tables(deployment, expected)


def test_it_goes_on_without_deleted_bars_only_when_told_to(deploy: Deploy, stocks: Stocks) -> None:
    deployment = deploy(partitions=1)
    deployment.send(random_bars(symbols=1, minutes=5, seed=13))
    raw = deployment.topics.raw.name
    broker = Broker(deployment.settings)
    broker.admin.delete_records([TopicPartition(raw, 0, 3)])[TopicPartition(raw, 0)].result(10)
    refused = stocks(settings(deployment), "tables", "rebuild", "--yes")
    assert refused.exit_code == 1
    assert f"{raw}[0]: retention has deleted records 0 to 2; the first left was sent 20" in refused.stdout
    assert "--partial" in refused.stderr
    done = stocks(settings(deployment), "tables", "rebuild", "--partial", "--yes")
    assert done.exit_code == 0, done.output
    assert deployment.lag() == 2


def settings(deployment: Deployment) -> Settings:
    """Those of the command line, on the workers' machine."""
    return deployment.settings.model_copy(update={"data_dir": deployment.directory / "data"})


def stop_amid(deployment: Deployment) -> None:
    """Rebuild, and stop when only the windows are set back."""
    ours, broker = settings(deployment), Broker(deployment.settings)

    def stop(_: str) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        rebuild(ours, broker, survey(ours, broker), stop)


def damage(deployment: Deployment) -> None:
    """Give the windows of both partitions a value of a version that nobody knows."""
    topic = deployment.topics.windows_changelog
    written = deployment.messages(topic, last=1000)
    keys = {cast(int, each.partition()): each.key() for each in written if each.key() != PROGRESS_KEY}
    producer = Producer(producer_config(deployment.settings))
    for partition, key in keys.items():
        producer.produce(topic.name, b"\x63damaged", key, partition)
    assert producer.flush(20) == 0


def cleanup_policy(deployment: Deployment) -> str | None:
    resource = ConfigResource(ResourceType.TOPIC, deployment.topics.windows_changelog.name)
    broker = Broker(deployment.settings)
    answer = broker.admin.describe_configs([resource], request_timeout=10)[resource].result()
    return cast(str | None, answer["cleanup.policy"].value)
