"""What the broker refuses to a fetch, and what the worker does then."""

import pytest
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    NodeNotReadyError,
    OffsetOutOfRangeError,
    TopicAuthorizationFailedError,
    UnknownError,
)
from aiokafka.structs import TopicPartition

from app.engine.app import BatchApp
from app.engine.consumer import BatchConsumer
from app.engine.errors import OffsetGap
from app.engine.rights import NotAllowed
from tests.unit.engine.client import MemoryClient
from tests.unit.engine.fetching import RAW, Log


async def test_what_the_broker_refuses_the_group_is_taken_once(consumer: BatchConsumer, client: MemoryClient) -> None:
    client.refusal = GroupAuthorizationFailedError("app")
    assert isinstance(await consumer.fetcher.group_error(), NotAllowed)
    assert await consumer.fetcher.group_error() is None


@pytest.mark.parametrize("seconds", [0, 1])
async def test_a_fetch_that_the_group_refuses_names_the_right(log: Log, client: MemoryClient, seconds: float) -> None:
    log.start(*RAW)
    client.fetch_errors = {seconds: GroupAuthorizationFailedError("app")}
    with pytest.raises(NotAllowed, match="Read on group"):
        await log.fetch(*RAW, seconds=seconds)


async def test_a_topic_that_may_not_be_read_any_more_names_the_right(log: Log, client: MemoryClient) -> None:
    log.start(*RAW)
    client.fetch_errors = {0: TopicAuthorizationFailedError("raw")}
    with pytest.raises(NotAllowed, match="lack the right Read on topic raw"):
        await log.fetch(*RAW)


async def test_a_passing_refusal_of_the_coordinator_ends_no_fetch(
    log: Log, client: MemoryClient, caplog: pytest.LogCaptureFixture
) -> None:
    log.start(*RAW)
    client.refusal = UnknownError("joining")
    client.fetch_errors = {1.0: UnknownError("joining")}
    assert await log.fetch(*RAW) == {}
    assert "UnknownError('joining')" in caplog.text
    with pytest.raises(UnknownError):  # Nobody refuses anything now: it is the fetch's own.
        await log.fetch(*RAW)


async def test_where_records_were_deleted_before_they_were_read_all_is_taken_over_again(
    log: Log, client: MemoryClient
) -> None:
    log.start(*RAW)
    client.fetch_errors = {0: OffsetOutOfRangeError({TopicPartition(*RAW[1]): 7})}
    client.beginnings = {RAW[1]: 8}
    assert await log.fetch(RAW[1]) == {}
    assert [what for what, _ in client.asked] == ["beginnings", "rejoin"]


async def test_a_topic_that_was_cut_ends_the_worker(log: Log, client: MemoryClient) -> None:
    log.start(*RAW)
    client.fetch_errors = {0: OffsetOutOfRangeError({TopicPartition(*RAW[1]): 7})}
    client.beginnings = {RAW[1]: 7}
    with pytest.raises(OffsetGap, match=r"raw\[1\]: the broker has no offset 7, and begins at 7"):
        await log.fetch(RAW[1])


async def test_while_the_broker_does_not_say_where_a_partition_begins_nothing_happens(
    log: Log, client: MemoryClient
) -> None:
    log.start(*RAW)
    client.fetch_errors = {0: OffsetOutOfRangeError({TopicPartition(*RAW[1]): 7})}
    client.error = NodeNotReadyError()
    assert await log.fetch(RAW[1]) == {}
    assert [what for what, _ in client.asked] == ["beginnings"]


async def test_before_its_client_is_there_no_group_refuses_it(app: BatchApp) -> None:
    assert await app.batch_consumer.fetcher.group_error() is None
