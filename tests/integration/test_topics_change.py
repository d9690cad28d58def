"""Topics that are deleted, made again, widened or cut while workers use them."""

from collections.abc import Iterable

import psutil
from confluent_kafka import TopicPartition
from confluent_kafka.admin import NewPartitions

from app.domain.records import Bar
from app.kafka.broker import Broker
from app.kafka.topic_admin import describe, ensure_topics
from tests.integration.conftest import Deploy
from tests.integration.deployment import DeployedWorker, Deployment
from tests.integration.random_bars import random_bars
from tests.integration.waiting import START_SECONDS, eventually


def test_a_topic_made_again_and_one_widened_end_the_worker_with_a_sentence(deploy: Deploy) -> None:
    deployment = deploy(partitions=2)
    bars = list(random_bars(symbols=20, minutes=40, seed=8))
    half = len(bars) // 2
    worker = worker_that_has(deployment, bars[:half])

    make_again(deployment)
    assert worker.process.wait(START_SECONDS) == 1
    assert "stocks.raw.avro" in worker.tail()
    deployment.start_worker().wait_ready()
    deployment.send(bars[half:])
    settle_again(deployment)
    assert deployment.wrong_signals(bars) == []

    widen(deployment)
    assert deployment.workers[-1].process.wait(START_SECONDS) == 1
    assert "stocks.raw.avro: found 3, wanted 2" in deployment.workers[-1].tail(20_000)
    refused = deployment.start_worker()
    assert refused.process.wait(START_SECONDS) == 1
    assert "set PARTITIONS=3, or delete these topics" in refused.tail()
    assert "Traceback" not in refused.tail(2_000)


def test_what_retention_deleted_is_counted_and_the_rest_is_right(deploy: Deploy) -> None:
    deployment = deploy(partitions=2)
    bars = list(random_bars(symbols=20, minutes=60, seed=9))
    third = len(bars) // 3
    worker = worker_that_has(deployment, bars[:third])
    assert worker.terminate() == 0

    deployment.send(bars[third : 2 * third])
    cut(deployment)
    deployment.send(bars[2 * third :])
    worker = deployment.start_worker().wait_ready()
    deployment.settle()
    kept = [*bars[:third], *bars[2 * third :]]
    assert deployment.wrong_signals(kept) == []
    assert deleted(worker.get("/metrics").text.splitlines()) == third


def test_what_is_deleted_while_a_worker_stands_still_is_counted_too_and_it_goes_on(deploy: Deploy) -> None:
    deployment = deploy(partitions=1)
    bars = list(random_bars(symbols=20, minutes=60, seed=10))
    third = len(bars) // 3
    worker = worker_that_has(deployment, bars[:third])

    process = psutil.Process(worker.process.pid)
    process.suspend()
    try:
        deployment.send(bars[third : third + 1])  # A fetch that is under way brings this one.
        deployment.send(bars[third + 1 : 2 * third])
        cut(deployment)
    finally:
        process.resume()
    deployment.send(bars[2 * third :])
    deployment.settle()
    lost = deleted(worker.get("/metrics").text.splitlines())
    assert lost in (third - 1, third)
    assert f"records {2 * third - lost} to {2 * third - 1} were deleted by retention" in worker.tail(20_000)
    assert deployment.wrong_signals([*bars[: 2 * third - lost], *bars[2 * third :]]) == []


def worker_that_has(deployment: Deployment, bars: Iterable[Bar]) -> DeployedWorker:
    """One that has processed these bars."""
    deployment.send(bars)
    worker = deployment.start_worker().wait_ready()
    deployment.settle()
    return worker


def make_again(deployment: Deployment) -> None:
    name, broker = deployment.topics.raw.name, Broker(deployment.settings)
    for future in broker.admin.delete_topics([name]).values():
        future.result()
    eventually(lambda: not describe(broker, [name]), 30)
    ensure_topics(deployment.settings)


def settle_again(deployment: Deployment) -> None:
    """As Deployment.settle, but what the group committed of the old topic says nothing of the new one."""
    signals = deployment.topics.signals
    eventually(lambda: deployment.count(signals) >= 800, 60, deployment.workers[-1].tail)
    deployment.settle()


def widen(deployment: Deployment) -> None:
    broker = Broker(deployment.settings)
    for future in broker.admin.create_partitions([NewPartitions(deployment.topics.raw.name, 3)]).values():
        future.result()


def cut(deployment: Deployment) -> None:
    """Delete all there is in the topic of bars, as retention would."""
    raw = deployment.topics.raw
    ends = [TopicPartition(raw.name, partition, high) for partition, (_, high) in deployment.watermarks(raw).items()]
    broker = Broker(deployment.settings)
    for future in broker.admin.delete_records(ends).values():
        future.result()


def deleted(metrics: Iterable[str]) -> int:
    return sum(int(float(line.split()[-1])) for line in metrics if line.startswith("stocks_deleted_records_total{"))
