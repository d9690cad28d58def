"""After kill -9: the state as it was, and the next signals right, with the tables' disk and without it."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from confluent_kafka import Producer
from rocksdict import Options, Rdict

from app.domain.key import table_key
from app.domain.records import Bar
from app.engine.checkpoint import CHECKPOINT_KEY
from app.kafka.clients import producer_config
from tables.row_format import row_key
from tests.harness.oracle import differences, final_signals
from tests.integration.conftest import Deploy
from tests.integration.deployment import DeployedWorker, Deployment, final
from tests.integration.random_bars import random_bars
from tests.integration.test_crashes import check_tables
from tests.integration.test_releases import everything
from tests.integration.waiting import eventually

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


def test_rows_of_a_newer_version_end_the_worker_before_it_writes(deploy: Deploy) -> None:
    deployment = deploy(partitions=1)
    bars = list(random_bars(symbols=3, minutes=20, seed=12))
    worker = deployment.start_worker()
    deployment.send(bars)
    worker.wait_ready()
    deployment.settle()
    assert worker.terminate(seconds=30) == 0
    deployment.send(random_bars(symbols=3, minutes=21, seed=12))
    key = row_key(table_key(bars[-1]["run_id"], bars[-1]["symbol"]), 19)
    written = everything(deployment)

    database = deployment.directory / "data" / "v1" / "tables" / "windows-0.db"
    row = stored(database, key)
    stored(database, key, newer(row))
    unread = f"table windows, key {key!r}: windows: the row has format version 2, this program reads version 1"
    assert unread in refusal(deployment)
    stored(database, key, row)
    checkpoint = stored(database, CHECKPOINT_KEY)
    stored(database, CHECKPOINT_KEY, newer(checkpoint))
    assert "the checkpoint has format version 3, this program reads version 2: run a newer one" in refusal(deployment)
    stored(database, CHECKPOINT_KEY, checkpoint.replace(b'\\"rows\\": 1', b'\\"rows\\": 2'))
    assert "have format version 2, this program writes version 1: run a newer one" in refusal(deployment)
    assert everything(deployment) == written

    shutil.rmtree(deployment.directory / "data")
    producer = Producer(producer_config(deployment.settings))
    producer.produce(deployment.topics.windows_changelog.name, newer(row), key, 0)
    assert producer.flush(30) == 0
    written = everything(deployment)
    assert unread in refusal(deployment)
    assert everything(deployment) == written


def newer(value: bytes) -> bytes:
    """The value as the next version would begin it."""
    return bytes([value[0] + 1]) + value[1:]


def stored(database: Path, key: bytes, value: bytes | None = None) -> bytes:
    """What a table's database has, after a change if one is given."""
    opened = Rdict(str(database), Options(raw_mode=True))
    try:
        if value is not None:
            opened[key] = value
        return cast(bytes, opened[key])
    finally:
        opened.close()


def refusal(deployment: Deployment) -> str:
    """What a worker that cannot start says."""
    before = len(log(deployment.workers[-1]))
    worker = deployment.start_worker()
    assert worker.wait_ended() != 0
    return log(worker)[before:]


def log(worker: DeployedWorker) -> str:
    return worker.log.read_text(errors="replace")
