"""The worker as its users run it: right results, a quiet lag, a prompt end, and refusals at the start that say why."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from confluent_kafka import Producer

from app.avro.serde import Encoder
from app.domain.records import Bar
from app.kafka.clients import producer_config, registry
from tests.bars import make_bar
from tests.harness.crashing.tables import wrong_disks, wrong_rows
from tests.harness.oracle import differences, final_signals
from tests.integration.conftest import Deploy
from tests.integration.deployment import DeployedWorker, Deployment, final, last_revisions
from tests.integration.random_bars import random_bars
from tests.integration.waiting import START_SECONDS, eventually


def check(deployment: Deployment, bars: Sequence[Bar]) -> None:
    expected = final_signals(bars, deployment.settings.strategy)
    assert differences(expected, final(deployment.signals())) == []


def test_signals_follow_from_bars_corrections_and_late_bars(deploy: Deploy) -> None:
    deployment = deploy(partitions=2)
    bars = list(random_bars(symbols=5, minutes=120, seed=1))
    late = [bars.pop(index) for index in (400, 300, 200)]
    corrected = [bar | {"close": bar["low"], "volume": 1.0} for bar in bars[-20:]]
    worker = deployment.start_worker(forked=False)
    arrived: list[Bar] = []
    for bar in bars:
        arrived.append(bar)
        if late and bar["timestamp"] > late[-1]["timestamp"] + 3 * 60_000:
            arrived.append(late.pop())
    arrived += corrected
    deployment.send(arrived)
    worker.wait_ready()
    deployment.settle()
    check(deployment, arrived)
    assert deployment.count(deployment.topics.dead_letters) == 0
    newest = worker.get("/signals?limit=5").json()
    assert newest["total"] == 5 * 120
    assert [each["symbol"] for each in newest["signals"]] == [f"S{index:04d}" for index in range(5)]


def test_bars_of_an_aborted_transaction_are_never_seen_and_leave_no_lag(deploy: Deploy) -> None:
    deployment = deploy(partitions=1)
    deployment.send([make_bar(0, 10.0)])
    encoder = Encoder("bar")
    asyncio.run(encoder.register(registry(deployment.settings), deployment.topics.raw.subject))
    producer = Producer(producer_config(deployment.settings) | {"transactional.id": "test-aborting"})
    producer.init_transactions(30)
    for minute, commits in ((1, False), (2, True), (3, False)):
        producer.begin_transaction()
        producer.produce(deployment.topics.raw.name, encoder.encode(make_bar(minute, 10.0 + minute)), "AAPL")
        producer.flush()
        producer.commit_transaction() if commits else producer.abort_transaction()
    worker = deployment.start_worker(forked=False).wait_ready()
    deployment.settle()
    check(deployment, [make_bar(0, 10.0), make_bar(2, 12.0)])
    eventually(lambda: lags(worker) == ["0.0"], 10, lambda: str(lags(worker)))


def lags(worker: DeployedWorker) -> list[str]:
    """The lag of each partition, as the metrics tell it."""
    lines = worker.get("/metrics").text.splitlines()
    return [line.split()[-1] for line in lines if line.startswith("stocks_lag_records{")]


def test_sigterm_under_load_ends_within_ten_seconds_and_loses_nothing(deploy: Deploy) -> None:
    # Hundreds of small transactions one after the other: they take so long that it cannot be done before it is asked.
    deployment = deploy(partitions=2, batch_max=5)
    bars = list(random_bars(symbols=100, minutes=40, seed=2))
    deployment.send(bars)
    worker = deployment.start_worker(forked=False).wait_ready()
    eventually(lambda: deployment.count(deployment.topics.signals) > 200, 60, worker.tail)
    assert deployment.lag() > 0
    assert worker.terminate(seconds=10) == 0
    deployment.start_worker(forked=False, BATCH_MAX=1000).wait_ready()
    deployment.settle()
    check(deployment, bars)
    assert deployment.count(deployment.topics.signals) == len(bars)
    assert deployment.aborted() == 0, "an orderly end aborts nothing"


def test_workers_come_and_go_under_load(deploy: Deploy) -> None:
    deployment = deploy(batch_max=500)
    bars = list(random_bars(symbols=200, minutes=300, seed=3))
    deployment.send(bars)
    first = deployment.start_worker("first").wait_ready()
    eventually(lambda: deployment.count(deployment.topics.signals) > 5000, 60, first.tail)
    second = deployment.start_worker("second").wait_ready()
    eventually(lambda: second.held() == 4, 30, second.tail)
    assert first.terminate() == 0
    third = deployment.start_worker("third").wait_ready()
    eventually(lambda: third.held() == 4, 30, third.tail)
    second.kill()
    deployment.settle()
    check(deployment, bars)
    eventually(lambda: third.held() == 8, 30, third.tail)
    assert [each["symbol"] for each in third.get("/symbols").json()["symbols"]] == [
        f"S{index:04d}" for index in range(200)
    ]
    assert third.terminate() == 0
    expected = final_signals(bars, deployment.settings.strategy)
    assert wrong_rows(deployment.settings, expected, last_revisions(deployment.signals())) == []
    folders = [deployment.directory / name for name in ("first", "second", "third")]
    assert wrong_disks(deployment.settings, folders) == []


@pytest.mark.parametrize("missing", ["stocks.signals", "stocks.dead-letters"])
def test_a_missing_topic_ends_the_worker_with_its_name(deploy: Deploy, missing: str) -> None:
    deployment = deploy(topic_allow_declare=False)
    deployment.create_topics(without=missing)
    worker = deployment.start_worker(forked=False)
    assert worker.process.wait(START_SECONDS) != 0
    assert f"{deployment.settings.topic_prefix}{missing}" in worker.tail()
    assert "Traceback" not in worker.tail(100_000)


def test_a_data_folder_has_one_worker(deploy: Deploy) -> None:
    deployment = deploy(partitions=1)
    deployment.start_worker().wait_ready()
    second = deployment.start_worker()
    assert second.process.wait(START_SECONDS) != 0
    assert "Another worker uses the data folder" in second.tail()


def test_a_taken_port_is_named_with_who_has_it(deploy: Deploy) -> None:
    deployment = deploy(partitions=1)
    first = deployment.start_worker().wait_ready()
    second = deployment.start_worker("other", API_PORT=first.url.rpartition(":")[2])
    assert second.process.wait(START_SECONDS) == 1
    assert f"by process {first.process.pid}" in second.tail()
    assert "API_PORT=" in second.tail()


def test_state_of_another_strategy_is_not_continued(deploy: Deploy) -> None:
    deployment = deploy(partitions=1)
    deployment.send([make_bar(0, 10.0)])
    first = deployment.start_worker().wait_ready()
    deployment.settle()
    assert first.terminate() == 0
    second = deployment.start_worker(RSI_BUY_BELOW=25)
    assert second.process.wait(START_SECONDS) != 0
    assert "another strategy is another deployment" in second.tail(20_000)


def test_two_strategies_on_the_same_topics_do_not_mix(deploy: Deploy) -> None:
    deployment = deploy(partitions=1)
    bars = list(random_bars(symbols=3, minutes=120, seed=8))
    deployment.send(bars)
    changes: dict[str, dict[str, Any]] = {"first": {}, "second": {"APP_ID": "eager", "RSI_BUY_BELOW": 45}}
    for name, changed in changes.items():
        deployment.start_worker(name, **changed).wait_ready()
    eventually(lambda: deployment.count(deployment.topics.signals) >= 2 * len(bars), 60)
    deployment.settle()
    signals = deployment.signals()
    assert len(signals) == 2 * len(bars)
    eager = replace(deployment.settings.strategy, buy_below=45.0)
    for strategy in (deployment.settings.strategy, eager):
        ours = [each for each in signals if each["strategy"] == strategy.name]
        assert differences(final_signals(bars, strategy), final(ours)) == []
