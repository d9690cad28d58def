"""Several workers in one process: fake tables behind the real API, and a network between them that has faults."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any, NamedTuple

import httpx

from tests.unit.web.fake import FakeReader
from tests.unit.web.made_series import MadeSeries
from web.main import create_app
from web.reader import PartitionOwner
from web.workers.gather import WorkerGroup
from web.workers.worker_client import WorkerClient

Fault = Callable[[httpx.Request], httpx.Response | None]

#: Of workers to each other, in seconds; that a busy machine is slow is no fault here.
DEADLINE = 60.0


class Network(httpx.AsyncBaseTransport):
    """Carries requests to workers by their addresses, and notes them."""

    def __init__(self) -> None:
        self.apps: dict[str, Any] = {}
        self.asked: list[httpx.Request] = []
        self.silent: set[str] = set()
        self.gone: set[str] = set()
        #: Seconds by which an answer is late.
        self.late: dict[str, float] = {}
        #: An answer in place of the worker's own.
        self.wrong: dict[str, httpx.Response] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        where = f"{request.url.scheme}://{request.url.netloc.decode()}"
        if where in self.silent:
            raise TimeoutError  # As when the deadline has passed; so long a test does not wait.
        if where in self.gone or where not in self.apps:
            raise httpx.ConnectError("nobody there", request=request)
        await asyncio.sleep(self.late.get(where, 0.0))
        if where in self.wrong:
            return self.wrong[where]
        return await httpx.ASGITransport(self.apps[where]).handle_async_request(request)

    def paths(self) -> list[str]:
        return [request.url.path for request in self.asked]


class ClusterMember(NamedTuple):
    """One worker: its table, its address, and a client that asks it from outside."""

    url: str
    reader: FakeReader
    group: WorkerGroup
    client: httpx.AsyncClient


class WorkerCluster:
    """Workers that share so many partitions, in turns."""

    def __init__(self, workers: int = 3, partitions: int = 6) -> None:
        self.network = Network()
        self.partitions = partitions
        self.members = [self._member(number, workers) for number in range(workers)]

    def _member(self, number: int, workers: int) -> ClusterMember:
        url = f"http://worker-{number}:8001"
        reader = FakeReader(address=url)
        reader.partitions = [
            PartitionOwner(each, f"http://worker-{each % workers}:8001", here=each % workers == number)
            for each in range(self.partitions)
        ]
        reader.positions = {each: 100 + each for each in range(self.partitions)}
        reader.lags = dict.fromkeys(range(self.partitions), 0)
        group = WorkerGroup(reader, WorkerClient(transport=self.network, deadline=DEADLINE))
        app = create_app(reader, group=group)
        self.network.apps[url] = app
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url=url)
        return ClusterMember(url, reader, group, client)

    def add(self, *series: MadeSeries) -> None:
        """Give series to the workers that hold their partitions: those of the n-th symbol are on the n-th partition."""
        placed = dict(self.members[0].reader.placed)
        for each in series:
            placed.setdefault(each.symbol, len(placed) % self.partitions)
        every = [*(each for member in self.members for each in member.reader.series), *series]
        for number, member in enumerate(self.members):
            member.reader.placed = placed
            member.reader.series = [each for each in every if placed[each.symbol] % len(self.members) == number]

    def hand_over(self, partition: int, owner: str | None) -> None:
        """As all workers but a new owner see it."""
        for member in self.members:
            member.reader.partitions[partition] = PartitionOwner(partition, owner, here=member.url == owner)

    async def close(self) -> None:
        async with AsyncExitStack() as cleanup:
            for member in self.members:
                cleanup.push_async_callback(member.client.aclose)
                cleanup.push_async_callback(member.group.close)

    @property
    def urls(self) -> Sequence[str]:
        return [member.url for member in self.members]
