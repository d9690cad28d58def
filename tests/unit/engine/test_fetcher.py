import asyncio
import logging
import threading
from typing import Any, cast

import pytest
from aiokafka.errors import (
    ConsumerStoppedError,
    NodeNotReadyError,
)
from faust.types import TP

from app.engine import private
from app.engine.app import BatchApp
from app.engine.batch import Batch
from app.engine.consumer import BatchConsumer
from app.engine.fetcher import FETCH_WAIT_MS, LOOK_SECONDS
from tests.unit.engine.client import MemoryClient
from tests.unit.engine.consuming import OTHER
from tests.unit.engine.fetching import RAW, Log
from tests.unit.engine.made import SOURCE, records


def spans_of(batches: dict[TP, list[Batch]]) -> dict[TP, tuple[int, int]]:
    return {tp: (batch.start, batch.end) for tp, [batch] in batches.items()}


async def test_every_partition_gives_one_batch_of_at_most_the_maximum(log: Log, client: MemoryClient) -> None:
    log.start(*RAW)
    client.arrived = {RAW[0]: records(*range(25)), RAW[2]: records(*range(3))}
    assert spans_of(await log.fetch(*RAW)) == {RAW[0]: (0, 10), RAW[2]: (0, 3)}
    assert spans_of(await log.fetch(*RAW)) == {RAW[0]: (10, 20)}


async def test_with_enough_records_the_turn_ends_and_the_next_goes_on_behind(log: Log, client: MemoryClient) -> None:
    log.start(*RAW)
    log.fetcher.enough = 5
    client.arrived = {RAW[0]: records(*range(20)), RAW[1]: records(*range(6)), RAW[2]: records(*range(3))}
    turns = [spans_of(await log.fetch(*RAW)) for _ in range(3)]
    assert turns == [{RAW[0]: (0, 10)}, {RAW[1]: (0, 6)}, {RAW[2]: (0, 3), RAW[0]: (10, 20)}]


async def test_it_waits_only_when_nothing_is_there(log: Log, client: MemoryClient) -> None:
    log.start(*RAW)
    client.arrived = {RAW[0]: records(0)}
    await log.fetch(*RAW)
    assert {seconds for _, seconds in client.fetches} == {0}
    client.fetches.clear()
    client.arriving = {RAW[1]: records(0, 1)}
    assert spans_of(await log.fetch(*RAW, seconds=0.7)) == {RAW[1]: (0, 2)}
    assert [fetch for fetch in client.fetches if fetch[1]] == [(set(RAW), 0.7)]


async def test_markers_alone_move_the_position_that_is_committed(log: Log, client: MemoryClient) -> None:
    log.start(RAW[0])
    client.seek(RAW[0], 4)
    assert await log.fetch(*RAW) == {}
    assert log.fetcher.trackers[RAW[0]].committable() == 4


async def test_a_stream_is_not_read_before_it_is_sought(log: Log, client: MemoryClient) -> None:
    client.arrived = {RAW[0]: records(0)}
    assert await log.fetch(*RAW) == {}
    assert client.fetches == []


async def test_a_stream_is_not_read_before_the_rebalance_has_ended(log: Log, client: MemoryClient) -> None:
    log.start(RAW[0])
    client.arrived = {RAW[0]: records(0, 1)}
    log.fetcher.readable = {}
    assert await log.fetch(RAW[0]) == {}
    log.fetcher.readable = log.fetcher.trackers
    assert spans_of(await log.fetch(RAW[0])) == {RAW[0]: (0, 2)}


async def test_a_paused_partition_is_not_read(log: Log, client: MemoryClient) -> None:
    log.start(*RAW)
    client.arrived = {tp: records(0) for tp in RAW}
    assert set(await log.fetch(RAW[1])) == {RAW[1]}


async def test_while_a_partition_is_paused_the_others_are_not_waited_for_long(log: Log, client: MemoryClient) -> None:
    log.start(*RAW)
    await log.fetch(*RAW[1:], seconds=1.0)
    assert client.fetches[-1] == (set(RAW[1:]), LOOK_SECONDS)
    await log.fetch(*RAW, seconds=1.0)
    assert client.fetches[-1] == (set(RAW), 1.0)


async def test_nothing_is_read_while_the_flow_is_stopped(log: Log, client: MemoryClient) -> None:
    log.start(*RAW)
    client.arrived = {RAW[0]: records(0)}
    log.fetcher.consumer.stop_flow()
    assert await log.fetch(*RAW) == {}
    assert client.fetches == []


async def test_a_closed_consumer_ends_the_fetching(log: Log, client: MemoryClient) -> None:
    client.close()
    with pytest.raises(ConsumerStoppedError):
        await log.fetch(*RAW)


async def test_asking_for_records_is_a_sign_of_life_even_when_paused(log: Log) -> None:
    log.fetcher.polled_at = 0.0
    log.fetcher.consumer.stop_flow()
    await log.fetch(*RAW)
    assert log.fetcher.polled_at > 0


async def test_a_partition_taken_away_in_the_meantime_gives_nothing(log: Log, client: MemoryClient) -> None:
    log.start(RAW[0])
    client.arriving = {RAW[0]: records(0)}
    client.meanwhile = lambda: client.assign(*RAW[1:])
    assert await log.fetch(RAW[0]) == {}
    assert client.arrived == {RAW[0]: []}, "the client gave it"


async def test_a_seek_moves_consumer_and_bookkeeping_together(consumer: BatchConsumer, client: MemoryClient) -> None:
    fetcher = consumer.fetcher
    await fetcher.seek_trackers(fetcher.trackers, {SOURCE: 7, OTHER: 9})
    assert (client.at(SOURCE), client.at(OTHER)) == (7, 9)
    assert [fetcher.trackers[tp].committable() for tp in (SOURCE, OTHER)] == [7, 9]


async def test_a_seek_of_an_assignment_gone_by_moves_nothing(consumer: BatchConsumer, client: MemoryClient) -> None:
    fetcher = consumer.fetcher
    before, fetcher.trackers = fetcher.trackers, {}
    await fetcher.seek_trackers(before, {SOURCE: 7})
    assert (client.at(SOURCE), fetcher.trackers) == (0, {})


async def test_a_commit_that_a_rebalance_overtook_confirms_nothing_and_crashes_nothing(
    consumer: BatchConsumer, client: MemoryClient
) -> None:
    client.assign()
    assert await consumer.fetcher.commit({SOURCE: 5}) is False
    assert not consumer.fetcher.should_stop


async def test_aborted_records_are_not_read(app: BatchApp) -> None:
    consumer = app.batch_consumer.fetcher._create_worker_consumer(cast(Any, app.transport))
    assert consumer._isolation_level == "read_committed"


async def test_an_answer_that_others_wait_behind_comes_soon(app: BatchApp) -> None:
    consumer = app.batch_consumer.fetcher._create_worker_consumer(cast(Any, app.transport))
    assert consumer._fetch_max_wait_ms == FETCH_WAIT_MS <= 200


async def test_what_comes_when_a_rebalance_is_over_that_came_meanwhile_is_given_back(
    log: Log, client: MemoryClient
) -> None:
    log.start(*RAW)
    client.arriving = {RAW[0]: records(*range(3)), RAW[1]: records(*range(5))}

    def rebalance() -> None:
        # Nobody waits any more for what is asked for here; the partitions are sought, and read by another call.
        log.fetcher.trackers = {}
        log.start(*RAW)

    client.meanwhile = rebalance
    assert await log.fetch(*RAW) == {}
    assert (client.at(RAW[0]), client.at(RAW[1])) == (0, 0)
    client.meanwhile = lambda: None
    client.arrived = {RAW[0]: records(*range(3)), RAW[1]: records(*range(5))}
    assert spans_of(await log.fetch(*RAW)) == {RAW[0]: (0, 3), RAW[1]: (0, 5)}


async def test_what_comes_while_the_flow_is_stopped_is_given_back(log: Log, client: MemoryClient) -> None:
    """The client has its new assignment before the app knows, and starts at an older, committed offset."""
    log.start(RAW[0])
    client.arrived = {RAW[0]: records(0, 1, 2)}
    assert spans_of(await log.fetch(RAW[0])) == {RAW[0]: (0, 3)}
    client.seek(RAW[0], 1)
    client.arriving = {RAW[0]: records(1, 2)}
    client.meanwhile = log.fetcher.consumer.stop_flow
    assert await log.fetch(RAW[0]) == {}
    assert client.at(RAW[0]) == 1


async def test_what_was_sought_meanwhile_is_not_given_back(log: Log, client: MemoryClient) -> None:
    log.start(RAW[0])
    client.arriving = {RAW[0]: records(0, 1)}

    def rebalance() -> None:
        log.fetcher.trackers = {}
        client.sought_to = {RAW[0]: 40}

    client.meanwhile = rebalance
    assert await log.fetch(RAW[0]) == {}
    assert client.at(RAW[0]) == 40


async def test_the_clients_thread_is_asked_for_topics_and_to_join_again(
    consumer: BatchConsumer, client: MemoryClient
) -> None:
    consumer.fetcher.ask_for_topics()
    consumer.fetcher.rejoin()
    await consumer.fetcher.call_thread(asyncio.sleep, 0)
    assert [what for what, _ in client.asked] == ["topics", "rejoin"]
    assert threading.main_thread() not in {thread for _, thread in client.asked}


async def test_without_a_client_nobody_is_asked(
    app: BatchApp, client: MemoryClient, caplog: pytest.LogCaptureFixture
) -> None:
    fetcher = app.batch_consumer.fetcher

    def ask() -> None:
        fetcher.ask_for_topics()
        fetcher.rejoin()

    ask()
    await fetcher.start()
    await fetcher.call_thread(asyncio.sleep, 0)
    await fetcher.stop()
    ask()
    assert client.asked == []
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("error", [None, NodeNotReadyError(), TimeoutError()], ids=["told", "away", "silent"])
async def test_members_of_the_group_are_asked_for_in_the_clients_thread(
    consumer: BatchConsumer, client: MemoryClient, error: Exception | None
) -> None:
    member = private.GroupMember("1", "stock-signals@127.0.0.1:8001", "/127.0.0.1")
    client.group, client.error = [member], error
    assert await consumer.fetcher.members() == ([] if error else [member])
    [(what, thread)] = client.asked
    assert what == "group"
    assert thread is not threading.main_thread()


async def test_the_ends_are_as_the_broker_has_them_and_none_while_it_does_not_answer(
    consumer: BatchConsumer, client: MemoryClient
) -> None:
    client.ends = {SOURCE: 70, OTHER: 3}
    assert await consumer.fetcher.ends({SOURCE, OTHER}) == {SOURCE: 70, OTHER: 3}
    client.error = NodeNotReadyError()
    assert await consumer.fetcher.ends({SOURCE}) == {}
