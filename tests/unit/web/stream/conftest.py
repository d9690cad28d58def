from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest

from tests.unit.web.fake import FakeReader
from tests.unit.web.stream.made import MemoryTopic, Reading
from web.stream import Push
from web.stream.filter import StreamFilter
from web.stream.snapshot import Answer

Open = Callable[..., Reading]


class FakePeers:
    """Other workers by their addresses; those that are not here do not answer."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}

    async def newest(self, url: str, run_id: str, symbols: frozenset[str] | None) -> Answer | None:
        return self.answers.get(url)


@pytest.fixture
def topic() -> MemoryTopic:
    return MemoryTopic()


@pytest.fixture
def reader() -> FakeReader:
    return FakeReader()


@pytest.fixture
def peers() -> FakePeers:
    return FakePeers()


@pytest.fixture
async def push(topic: MemoryTopic, reader: FakeReader, peers: FakePeers) -> AsyncIterator[Push]:
    pushing = Push(topic, reader, peers)
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
