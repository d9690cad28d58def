"""`stocks tables rebuild` sets the tables back, and what a worker computes again is right."""

import shutil
import struct
from collections.abc import Callable
from typing import cast

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import ConfigResource, ResourceType
from faust.types import TP

from app.domain.records import Signal
from app.engine.batch import Batch, ProducerRecord
from app.engine.checkpoint import CHECKPOINT_KEY, RESET_KEY
from app.engine.datadir import claim
from app.engine.errors import Fenced
from app.engine.transaction import TransactionalProducer
from app.kafka.broker import Broker
from app.kafka.clients import producer_config
from app.kafka.engine_options import EngineSetup
from app.settings import Settings
from app.times import iso
from tables.rebuild.make_plan import WorkersRunning, make_plan
from tables.rebuild.set_back import rebuild
from tests.harness.oracle import Expected, differences, final_signals
from tests.integration.command_line import Stocks, stocks
from tests.integration.conftest import Deploy
from tests.integration.deployment import DeployedWorker, Deployment
from tests.integration.random_bars import random_bars
from tests.integration.stack_settings import configure_topic
from tests.integration.waiting import eventually

__all__ = ["stocks"]

BARS = list(random_bars(symbols=10, minutes=80, seed=12))


def test_a_damaged_table_is_computed_again(deploy: Deploy, stocks: Stocks) -> None:
    deployment = deploy(partitions=2)
    deployment.send(BARS)
    worker = deployment.start_worker().wait_ready()
    deployment.settle()
    refused = stocks(settings(deployment), "tables", "rebuild", "--yes")
    assert refused.exit_code == 1
    assert "Workers are running in group" in refused.stderr
    assert worker.terminate() == 0
    signals = deployment.signals()
    shutil.copytree(deployment.directory / "data", deployment.directory / "elsewhere")
    write_rows(deployment, lambda key: b"\x63damaged")
    worker = deployment.start_worker()
    assert worker.wait_ended() != 0
    assert "table windows, key b'test\\x00S00" in worker.tail(100_000)
    assert "format version 99" in worker.tail(100_000)

    before = deployment.watermarks(deployment.topics.windows_changelog)
    planned = stocks(settings(deployment), "tables", "rebuild", "--dry-run")
    assert planned.exit_code == 0, planned.output
    assert f"from {deployment.topics.raw.name}: {len(BARS)} records, 2 partitions" in planned.stdout
    assert deployment.watermarks(deployment.topics.windows_changelog) == before
    assert (deployment.directory / "data").exists()
    done = stocks(settings(deployment), "tables", "rebuild", "--yes")
    assert done.exit_code == 0, done.output
    assert deployment.lag() == len(BARS)
    await_compacted(deployment)
    wait_decided(deployment)
    assert [message.key() for message in deployment.messages(deployment.topics.windows_changelog)] == [
        RESET_KEY,
        CHECKPOINT_KEY,
    ] * 2
    assert not list((deployment.directory / "data").glob("v*/tables"))

    # A folder of another machine, where all rows are as they were, and some that nobody else has.
    deployment.start_worker("elsewhere").wait_ready()
    check(deployment)
    again = deployment.signals()
    assert len(again) == 2 * len(signals)
    assert {signal["id"] for signal in again} == {signal["id"] for signal in signals}


def test_a_folder_of_another_machine_forgets_rows_that_are_not_computed_again(deploy: Deploy, stocks: Stocks) -> None:
    deployment = deploy(partitions=1)
    deployment.send(random_bars(symbols=2, minutes=5, seed=1, run_id="old"))
    deployment.start_worker("elsewhere").wait_ready()
    deployment.settle()
    assert deployment.workers[-1].terminate() == 0
    raw, broker = deployment.topics.raw.name, Broker(deployment.settings)
    broker.admin.delete_records([TopicPartition(raw, 0, 10)])[TopicPartition(raw, 0)].result(10)
    deployment.send(random_bars(symbols=2, minutes=5, seed=2, run_id="new"))
    done = stocks(settings(deployment), "tables", "rebuild", "--partial", "--yes")
    assert done.exit_code == 0, done.output
    worker = deployment.start_worker("elsewhere").wait_ready()
    deployment.settle()
    assert [run["run_id"] for run in worker.get("/runs").json()["runs"]] == ["new"]
    assert worker.terminate() == 0
    # And as it stands in the folder now.
    worker = deployment.start_worker("elsewhere").wait_ready()
    assert [run["run_id"] for run in worker.get("/runs").json()["runs"]] == ["new"]


@pytest.mark.timeout(600)  # Seven workers, one after another.
def test_interrupted_after_any_step_it_can_be_run_again_and_workers_go_on(deploy: Deploy) -> None:
    deployment = deploy(partitions=2)
    deployment.send(BARS)
    deployment.start_worker().wait_ready()
    deployment.settle()
    assert deployment.workers[-1].terminate() == 0
    steps = 0
    while interrupt(deployment, steps):
        # As after a kill, when nothing is put back.
        configure_topic(
            deployment.settings, deployment.topics.windows_changelog.name, "cleanup.policy", "compact,delete"
        )
        deployment.start_worker().wait_ready()
        check(deployment)
        assert deployment.workers[-1].terminate() == 0
        steps += 1
    assert steps == 5, "offsets, two partitions, DATA_DIR, deletion"
    for step in range(steps):
        assert interrupt(deployment, step)
    assert not interrupt(deployment, steps)
    await_compacted(deployment)
    deployment.start_worker().wait_ready()
    check(deployment)


def test_a_table_of_version_0_1_is_set_back(deploy: Deploy, stocks: Stocks) -> None:
    deployment = deploy(partitions=2)
    deployment.send(BARS)
    write_old_table(deployment)
    worker = deployment.start_worker()
    assert worker.wait_ended() != 0
    assert "the table was made by version 0.1" in worker.tail(100_000)
    assert "run `stocks tables rebuild`" in worker.tail(100_000)
    # It is only half set back: the worker still says so.
    assert interrupt(deployment, 1)
    worker = deployment.start_worker()
    assert worker.wait_ended() != 0
    assert "run `stocks tables rebuild`" in worker.tail(100_000)
    done = stocks(settings(deployment), "tables", "rebuild", "--yes")
    assert done.exit_code == 0, done.output
    deployment.start_worker().wait_ready()
    check(deployment)


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


def test_a_folder_in_use_and_missing_topics_are_one_clear_line(deploy: Deploy, stocks: Stocks) -> None:
    deployment = deploy(partitions=1)
    missing = stocks(settings(deployment), "tables", "rebuild", "--yes")
    assert missing.exit_code == 1
    assert missing.stderr.startswith(f"Error: There is no topic {deployment.topics.raw.name}")
    deployment.send([])
    ours = settings(deployment)
    with claim(ours.data_dir, f"{ours.id} on cluster {Broker(ours).metadata().cluster_id}"):
        used = stocks(ours, "tables", "rebuild", "--yes")
    assert used.exit_code == 1
    assert used.stderr.startswith("Error: Another worker uses the data folder")


def test_a_worker_that_starts_meanwhile_is_noticed(deploy: Deploy) -> None:
    deployment = deploy(partitions=2)
    deployment.send(BARS)
    ours, broker = settings(deployment), Broker(deployment.settings)
    worker: list[DeployedWorker] = []

    def start(_: str) -> None:
        if not worker:
            worker.append(deployment.start_worker("elsewhere").wait_ready())

    with pytest.raises(WorkersRunning, match="Workers are running in group"):
        rebuild(ours, broker, make_plan(ours, broker), start)


def test_a_worker_that_the_group_has_given_up_writes_nothing_any_more(deploy: Deploy, stocks: Stocks) -> None:
    deployment = deploy(partitions=1)
    deployment.send([])
    ours, changelog = settings(deployment), deployment.topics.windows_changelog.name
    tp, options = TP(deployment.topics.raw.name, 0), EngineSetup(ours).options()
    zombie = TransactionalProducer(options.producer, options.transactional_id(tp), 10)
    zombie.fence(lambda: True)
    batch, row = Batch(tp, (), 0, 0, 0), [ProducerRecord(changelog, b"run\0SYM\0\0\0\0\0", b"row", 0)]
    zombie.commit(batch, [], row, lambda: True)
    assert stocks(ours, "tables", "rebuild", "--yes").exit_code == 0
    with pytest.raises(Fenced):
        zombie.commit(batch, [], row, lambda: True)
    wait_decided(deployment)
    left = deployment.messages(deployment.topics.windows_changelog)
    assert [message.key() for message in left] == [RESET_KEY, CHECKPOINT_KEY]
    # Compaction removes records without a value some day, and the reset must stay.
    assert left[0].value()


def settings(deployment: Deployment) -> Settings:
    """Those of the command line, on the workers' machine."""
    return deployment.settings.model_copy(update={"data_dir": deployment.directory / "data"})


def interrupt(deployment: Deployment, step: int) -> bool:
    """Rebuild, and stop after a step, from 0; whether there is such a step."""
    ours, broker = settings(deployment), Broker(deployment.settings)
    said: list[str] = []

    def stop(sentence: str) -> None:
        said.append(sentence)
        if len(said) > step:
            raise InterruptedError

    try:
        rebuild(ours, broker, make_plan(ours, broker), stop)
    except InterruptedError:
        return True
    return False


def check(deployment: Deployment) -> None:
    """Once everything is processed, signals and table of the last worker are what the bars come to."""
    deployment.settle()
    expected = final_signals(BARS, deployment.settings.strategy)
    assert differences(expected, last_of_each_bar(deployment.signals())) == []
    worker = deployment.workers[-1]
    shown = [
        signal
        for symbol in sorted({bar["symbol"] for bar in BARS})
        for signal in worker.get(f"/signals/{symbol}?limit=1000").json()["signals"]
    ]
    assert differences([readable(each) for each in expected], shown) == []
    assert worker.get("/runs").json()["runs"][0]["signals"] == len(expected)


def last_of_each_bar(signals: list[Signal]) -> list[Signal]:
    """Asserts that signals of one id are one signal: a rebuild sends them again."""
    by_id: dict[str, dict[str, object]] = {}
    for signal in signals:
        said = {key: value for key, value in signal.items() if key != "emitted_at"}
        assert by_id.setdefault(signal["id"], said) == said
    return list({(signal["symbol"], signal["timestamp"]): signal for signal in signals}.values())


def readable(signal: Expected) -> Expected:
    """As the API shows it."""
    return {**signal, "timestamp": iso(signal["timestamp"])}


def write_rows(deployment: Deployment, value: Callable[[bytes], bytes]) -> None:
    """Write a value over the newest row of each partition, without a checkpoint."""
    topic = deployment.topics.windows_changelog
    keys = {
        cast(int, message.partition()): cast(bytes, message.key())
        for message in deployment.messages(topic)
        if message.key() != CHECKPOINT_KEY
    }
    producer = Producer(producer_config(deployment.settings))
    for partition, key in keys.items():
        producer.produce(topic.name, value(key), key, partition)
    assert producer.flush(20) == 0


def write_old_table(deployment: Deployment) -> None:
    """Records as version 0.1 wrote them: whole windows, and a checkpoint of version 1."""
    producer = Producer(producer_config(deployment.settings))
    changelog = deployment.topics.windows_changelog.name
    for partition in range(2):
        for symbol in (b"S0000", b"GONE"):
            producer.produce(changelog, b"\x03 a window", b"test\x00" + symbol, partition)
        producer.produce(changelog, struct.pack("<Bq", 1, 20) + b'"topic"', CHECKPOINT_KEY, partition)
    assert producer.flush(20) == 0


def wait_decided(deployment: Deployment) -> None:
    """A rebuild ends when its transactions are decided; readers get on a moment later."""
    eventually(lambda: deployment.undecided() == 0, 20)


def await_compacted(deployment: Deployment) -> None:
    """A broker learns of a changed configuration a moment after the change was answered."""
    eventually(lambda: cleanup_policy(deployment) == "compact", 20, lambda: str(cleanup_policy(deployment)))


def cleanup_policy(deployment: Deployment) -> str | None:
    resource = ConfigResource(ResourceType.TOPIC, deployment.topics.windows_changelog.name)
    broker = Broker(deployment.settings)
    answer = broker.admin.describe_configs([resource], request_timeout=10)[resource].result()
    return cast(str | None, answer["cleanup.policy"].value)
