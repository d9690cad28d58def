"""A fetcher with a client in memory."""

from typing import Any, cast

from faust.types import TP

from app.engine.batch import Batch
from app.engine.fetcher import BatchFetcher
from app.engine.offset_tracker import OffsetTracker
from tests.unit.engine.client import MemoryClient

RAW = [TP("raw", partition) for partition in range(3)]


class Log:
    """A fetcher whose client has three partitions, and fetching from it."""

    def __init__(self, fetcher: BatchFetcher, client: MemoryClient) -> None:
        self.fetcher, self.client = fetcher, client
        client.assign(*RAW)

    def start(self, *tps: TP) -> None:
        for tp in tps:
            self.client.seek(tp, 0)
            self.fetcher.trackers.setdefault(tp, OffsetTracker(tp)).seek(0)
        self.fetcher.readable = self.fetcher.trackers

    async def fetch(self, *tps: TP, seconds: float = 1.0) -> dict[TP, list[Batch]]:
        return await self.fetcher._fetch_records(cast(Any, self.client), set(tps), timeout=seconds)
