"""What earlier releases left: the tables of 0.1 are not read, and a worker that finds them says what to do."""

import json
from base64 import b64decode
from pathlib import Path

import pytest
from confluent_kafka import Producer
from rocksdict import Options, Rdict

from app.kafka.clients import producer_config
from tests.integration.conftest import Deploy
from tests.integration.deployment import Deployment
from tests.integration.random_bars import random_bars

#: The first records of the windows' changelog as release 0.1.0 wrote it: three windows and the progress record.
CHANGELOG = Path(__file__).parent / "tables_of_0_1" / "windows-changelog-0.1.0.json"


def records() -> list[tuple[bytes, bytes]]:
    return [(b64decode(key), b64decode(value)) for key, value in json.loads(CHANGELOG.read_text())]


@pytest.mark.parametrize("with_disk", [True, False], ids=["disk", "changelog"])
def test_tables_of_0_1_end_the_worker_with_what_to_do_and_nothing_is_written(deploy: Deploy, with_disk: bool) -> None:
    deployment = deploy(partitions=1)
    deployment.send(random_bars(symbols=3, minutes=30, seed=13))
    producer = Producer(producer_config(deployment.settings))
    for key, value in records():
        producer.produce(deployment.topics.windows_changelog.name, value, key, 0)
    assert producer.flush(30) == 0
    if with_disk:
        put_on_disk(deployment)
    written = everything(deployment)

    worker = deployment.start_worker()
    assert worker.wait_ended() == 1
    said = worker.log.read_text(errors="replace")
    why = "the table was made by version 0.1, whose tables this version does not read: run `stocks tables rebuild`"
    assert why in said
    assert said.splitlines()[-1].startswith("Error: table windows, key b'\\x00progress'")
    assert everything(deployment) == written
    assert deployment.lag() == 90


def put_on_disk(deployment: Deployment) -> None:
    """The same records in a data folder, as 0.1 kept them: with Faust's own note of the changelog offset."""
    folder = deployment.directory / "data" / "v1" / "tables" / "windows-0.db"
    folder.parent.mkdir(parents=True)
    database = Rdict(str(folder), Options(raw_mode=True))
    for key, value in records():
        database[key] = value
    database[b"__faust\0offset__"] = b"3"
    database.close()


def everything(deployment: Deployment) -> dict[str, dict[int, int]]:
    """Records of all topics, those of transactions that were never committed too."""
    return {topic.name: deployment.counts(topic, committed=False) for topic in deployment.topics}
