from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from app.build import StocksApp
from tests.unit.web.fake import FakeReader
from tests.unit.web.made_series import START, MadeSeries, pullback, series
from tests.unit.web.unstarted_worker import working
from tests.unit.web.worker_cluster import WorkerCluster
from web.main import create_app

OLD = "synthetic-2024-11-13-00000000"
RUN = "replay-2024-11-14-1f6a09c3"
DAY_MS = 24 * 60 * 60 * 1000


@pytest.fixture
def reader() -> FakeReader:
    """Two runs: a synthetic one of one symbol, then a replay of three."""
    return FakeReader(
        series(OLD, "OLD", pullback(), start=START - DAY_MS, origin="synthetic"),
        series(RUN, "AAPL", pullback()),
        series(RUN, "GOOGL", [50.0] * 12),
        series(RUN, "SPY", pullback(fall=0.1)),
    )


@pytest.fixture
async def client(reader: FakeReader) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(reader), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://worker") as client:
        yield client


@pytest.fixture
async def cluster() -> AsyncIterator[WorkerCluster]:
    """Three workers that share six partitions, without data."""
    made = WorkerCluster()
    yield made
    await made.close()


SYMBOLS = [f"S{number:02}" for number in range(12)]


def market() -> list[MadeSeries]:
    return [series(RUN, symbol, pullback(60, fall=1 + number / 10)) for number, symbol in enumerate(SYMBOLS)]


@pytest.fixture
def full(cluster: WorkerCluster) -> WorkerCluster:
    """The same with a run of twelve symbols, four on each worker."""
    cluster.add(*market())
    for member in cluster.members:
        assert len(member.reader.series) == 4
    return cluster


@pytest.fixture
async def worker(tmp_path: Path) -> AsyncIterator[StocksApp]:
    """One that never starts, whose table is real."""
    with working(tmp_path) as made:
        yield made
