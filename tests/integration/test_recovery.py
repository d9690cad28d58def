"""After kill -9: the state as it was, and the next signals right, with the tables' disk and without it."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from confluent_kafka import Producer
from rocksdict import Options, Rdict

from app.clients import producer_config
from app.domain.key import table_key
from app.domain.records import Bar
from tests.integration.bars import random_bars
from tests.integration.conftest import Deploy
from tests.integration.deployment import Deployment, final
from tests.integration.test_crashes import check_tables
from tests.integration.waiting import eventually
from tests.oracle import differences, final_signals

SYMBOLS = 60
MINUTES = 62

#: The goal is 15 s; the tests' machine may be busy.
SECONDS = 60


def test_the_first_signals_after_a_kill_are_right_with_and_without_the_disk(deploy: Deploy) -> None:
    deployment = deploy(partitions=4)
    bars = list(random_bars(SYMBOLS, MINUTES, seed=11))
    sent = SYMBOLS * (MINUTES - 2)
    worker = deployment.start_worker()
    deployment.send(bars[:sent])
    worker.wait_ready()
    deployment.settle()
    for disk_lost in (False, True):
        worker.kill()
        if disk_lost:
            shutil.rmtree(deployment.directory / "data")
        worker = deployment.start_worker()
        deployment.send(bars[sent : sent + SYMBOLS])
        sent += SYMBOLS
        await_signals(deployment, sent)
        deployment.settle()
        check(deployment, bars[:sent])


def await_signals(deployment: Deployment, wanted: int) -> None:
    eventually(lambda: deployment.count(deployment.topics.signals) >= wanted, SECONDS, deployment.workers[-1].tail)


def check(deployment: Deployment, bars: Sequence[Bar]) -> None:
    expected = final_signals(bars, deployment.settings.strategy)
    assert differences(expected, final(deployment.signals())) == []
    check_tables(deployment, expected)


def test_values_of_a_newer_version_end_the_worker_before_it_writes(deploy: Deploy) -> None:
    deployment = deploy(partitions=1)
    bars = list(random_bars(symbols=3, minutes=60, seed=12))
    worker = deployment.start_worker()
    deployment.send(bars)
    worker.wait_ready()
    deployment.settle()
    assert worker.terminate() == 0
    topics, key = deployment.topics, table_key(bars[0]["run_id"], bars[0]["symbol"])
    deployment.send(random_bars(symbols=3, minutes=61, seed=12))
    written = {topic.name: deployment.count(topic) for topic in topics}

    newer = {}
    for table in ("windows", "signals"):
        database = deployment.directory / "data" / "v1" / "tables" / f"{table}-0.db"
        right = stored(database, key)
        newer[table] = bytes([right[0] + 1]) + right[1:]
        stored(database, key, newer[table])
        refused(deployment, table, key, newer[table][0])
        stored(database, key, right)
    assert {topic.name: deployment.count(topic) for topic in topics} == written

    shutil.rmtree(deployment.directory / "data")
    producer = Producer(producer_config(deployment.settings))
    producer.produce(topics.signals_changelog.name, newer["signals"], key, 0)
    assert producer.flush(30) == 0
    written[topics.signals_changelog.name] += 1
    refused(deployment, "signals", key, newer["signals"][0])
    assert {topic.name: deployment.count(topic) for topic in topics} == written


def stored(database: Path, key: bytes, value: bytes | None = None) -> bytes:
    """What a table's database has, after a change if one is given."""
    opened = Rdict(str(database), Options(raw_mode=True))
    try:
        if value is not None:
            opened[key] = value
        return cast(bytes, opened[key])
    finally:
        opened.close()


def refused(deployment: Deployment, table: str, key: bytes, version: int) -> None:
    worker = deployment.start_worker()
    assert worker.process.wait(SECONDS) != 0
    last = worker.tail(1500)
    assert f"table {table}, key {key!r}" in last
    assert f"format version {version}, this program reads version {version - 1}" in last
