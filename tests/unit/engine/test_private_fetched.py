"""How many records become a batch: bounded by number and by bytes."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.consumer.fetcher import FetchResult, PartitionRecords
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import TopicPartition
from faust.types import TP

from app.engine import private
from tests.unit.engine.made import Rec

PLACE = TP("raw", 0)


class Fetcher:
    """aiokafka's, with these records arrived; raises `error` where there are no more."""

    def __init__(self, *records: Rec, error: Exception | None = None) -> None:
        self.arrived, self.error = list(records), error
        self.waited: list[float] = []
        self._subscriptions, self._records = self, dict[Any, Any]()

    @contextmanager
    def fetch_context(self) -> Iterator[None]:
        yield

    async def fetched_records(self, partitions: Any, *, timeout: float, max_records: int) -> Any:  # noqa: ASYNC109
        self.waited.append(timeout)
        taken, self.arrived = self.arrived[:max_records], self.arrived[max_records:]
        if not taken and self.error:
            raise self.error
        return {TopicPartition(*PLACE): taken} if taken else {}


async def offsets(fetcher: Fetcher, limit: int = 5000, wait_seconds: float = 0.0) -> list[int]:
    consumer: Any = SimpleNamespace(_fetcher=fetcher)
    taken = await private.fetched(consumer, [PLACE], wait_seconds=wait_seconds, limit=limit)
    return [record.offset for record in taken.get(PLACE, [])]


async def test_all_that_has_arrived_in_its_order_up_to_the_limit() -> None:
    fetcher = Fetcher(*map(Rec, range(1000)))
    assert await offsets(fetcher, limit=700) == list(range(700))
    assert await offsets(fetcher, limit=700) == list(range(700, 1000))
    assert await offsets(fetcher) == []


async def test_large_records_make_small_batches_and_none_is_too_large_to_be_taken() -> None:
    sizes = [1_000_000] * 9 + [30_000_000] * 2
    fetcher = Fetcher(*(Rec(offset, value=bytes(size)) for offset, size in enumerate(sizes)))
    assert [await offsets(fetcher) for _ in range(5)] == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10], [], []]


async def test_large_records_behind_many_small_ones_make_it_larger_by_what_is_taken_at_once() -> None:
    fetcher = Fetcher(*map(Rec, range(500)), *(Rec(offset, value=bytes(1_000_000)) for offset in range(500, 900)))
    taken = await offsets(fetcher)
    assert 500 < len(taken) <= 500 + private.MOST_AT_ONCE + private.BATCH_BYTES // 1_000_000


async def test_it_waits_for_the_first_record_only() -> None:
    fetcher = Fetcher(*map(Rec, range(3)))
    await offsets(fetcher, wait_seconds=1.0)
    assert fetcher.waited[0] == 1.0
    assert set(fetcher.waited[1:]) == {0}


async def test_an_error_behind_records_takes_none_of_them_away() -> None:
    fetcher = Fetcher(*map(Rec, range(3)), error=CorruptRecordException())
    assert await offsets(fetcher) == [0, 1, 2]
    with pytest.raises(CorruptRecordException):
        await offsets(fetcher)


async def test_records_are_those_of_the_parser_with_all_that_the_engine_reads_of_them() -> None:
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 100_000)
    for offset in range(3):
        builder.append(offset, 1000 + offset, b"key", b"value", [("header", b"1")])
    place = TopicPartition(*PLACE)
    records = PartitionRecords(place, MemoryRecords(bytes(builder.build())), [], 0, None, None, True, 1)
    assignment = SimpleNamespace(state_value=lambda tp: SimpleNamespace(consumed_to=lambda offset: None))
    result = FetchResult(place, assignment=assignment, partition_records=records, backoff=0)
    result.check_assignment = lambda tp: True

    class Arrived(Fetcher):
        async def fetched_records(self, partitions: Any, *, timeout: float, max_records: int) -> Any:  # noqa: ASYNC109
            taken = result.getall(max_records)
            return {place: taken} if taken else {}

    fetcher = Arrived()
    fetcher._records[place] = result
    consumer: Any = SimpleNamespace(_fetcher=fetcher)
    found = (await private.fetched(consumer, [PLACE], wait_seconds=0.0, limit=10))[PLACE]
    assert [(each.offset, each.timestamp, each.key, each.value) for each in found] == [
        (offset, 1000 + offset, b"key", b"value") for offset in range(3)
    ]
    assert {type(each).__name__ for each in found} == {"DefaultRecord"}
