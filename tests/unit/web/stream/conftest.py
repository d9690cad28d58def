from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.unit.web.fake import FakeReader
from tests.unit.web.stream.made import MemoryTopic, Reading
from tests.unit.web.worker_cluster import WorkerCluster
from web.stream import Push
from web.stream.filter import StreamFilter
from web.stream.hub import Hub
from web.stream.intervals import Intervals

Open = Callable[..., Reading]


@pytest.fixture
def topic() -> MemoryTopic:
    return MemoryTopic()


@pytest.fixture
async def cluster() -> AsyncIterator[WorkerCluster]:
    """Two workers with a partition each, of which the first one pushes."""
    made = WorkerCluster(workers=2, partitions=2)
    yield made
    await made.close()


@pytest.fixture
def reader(cluster: WorkerCluster) -> FakeReader:
    return cluster.members[0].reader


@pytest.fixture
def hub(topic: MemoryTopic) -> dict[str, float]:
    """What the hub gets beside its topic; a test's parameter of this name takes its place."""
    return {}


@pytest.fixture
def intervals() -> Intervals:
    """Likewise."""
    return Intervals()


@pytest.fixture
async def push(
    topic: MemoryTopic, reader: FakeReader, cluster: WorkerCluster, hub: dict[str, Any], intervals: Intervals
) -> AsyncIterator[Push]:
    pushing = Push(Hub(topic, **hub), reader, cluster.members[0].group, intervals)
    yield pushing
    pushing.close()


@pytest.fixture
async def connect(push: Push) -> AsyncIterator[Open]:
    """Makes a client: connect(filter, last_id); its events are read with `next`."""
    async with AsyncExitStack() as cleanup:

        def make(wanted: StreamFilter | None = None, last_id: str | None = None) -> Reading:
            reading = Reading(push.client(wanted or StreamFilter(None, named=False), last_id).events())
            cleanup.push_async_callback(reading.close)
            return reading

        yield make
