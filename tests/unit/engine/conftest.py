from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from app.engine.app import BatchApp
from app.engine.consumer import BatchConsumer
from app.engine.table import BatchTable
from tests.unit.engine.client import MemoryClient, MemoryTransport
from tests.unit.engine.consuming import CHANGELOG_TP, OTHER
from tests.unit.engine.fetching import Log
from tests.unit.engine.made import SOURCE, TOPIC_ID, make_numbers, make_options
from tests.unit.engine.takeover_bench import World


@pytest.fixture
async def app(tmp_path: Path) -> BatchApp:
    """A real app that is not started, so it connects to nothing."""
    made = BatchApp(make_options(tmp_path / "data"))
    made.topic_ids = {SOURCE.topic: TOPIC_ID}
    return made


@pytest.fixture
def numbers(app: BatchApp) -> BatchTable:
    """A real table with a real RocksDB."""
    return make_numbers(app)


@pytest.fixture
async def client(app: BatchApp) -> MemoryClient:
    """What the app's consumer gets where aiokafka's client would be."""
    made = MemoryClient()
    app.transport = MemoryTransport(app, made)
    return made


@pytest.fixture
async def consumer(app: BatchApp, numbers: BatchTable, client: MemoryClient) -> AsyncIterator[BatchConsumer]:
    """Assigned two stream partitions and a changelog's; its thread runs."""
    consumer = app.batch_consumer
    app.topics.acking_topics.add(SOURCE.topic)
    client.assign(SOURCE, OTHER, CHANGELOG_TP)
    await consumer.fetcher.start()
    yield consumer
    await consumer.fetcher.stop()


@pytest.fixture
async def log(app: BatchApp, client: MemoryClient) -> Log:
    fetcher = app.batch_consumer.fetcher
    fetcher.batch_max = 10
    return Log(fetcher, client)


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.go_on.set()
    made.app.threads.shutdown()
