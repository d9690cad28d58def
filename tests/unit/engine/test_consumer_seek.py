"""Where reading starts: BatchConsumer.perform_seek."""

import logging

import pytest

from app.engine.consumer import BatchConsumer
from tests.unit.engine.client import MemoryClient
from tests.unit.engine.consuming import CHANGELOG_TP, OTHER
from tests.unit.engine.made import SOURCE


@pytest.mark.parametrize(
    ("state", "earliest", "committed", "start", "level", "said"),
    [
        (None, 0, None, 0, None, ""),
        (None, 3, 90, 3, logging.WARNING, "no state, though the group committed 90: reading from the start (3)"),
        (50, 0, None, 50, None, ""),
        (50, 0, 50, 50, None, ""),
        (50, 0, 40, 50, None, ""),
        (50, 0, 60, 50, logging.INFO, "state ends at 50, the group committed 60: reading again from 50"),
        (50, 70, 60, 70, logging.ERROR, "records 50 to 69 were deleted by retention before they were processed"),
        (0, 0, None, 0, None, ""),
    ],
)
def test_reading_starts_where_the_state_ends(
    consumer: BatchConsumer,
    caplog: pytest.LogCaptureFixture,
    state: int | None,
    earliest: int,
    committed: int | None,
    start: int,
    level: int | None,
    said: str,
) -> None:
    deleted: list[tuple[str, int]] = []
    consumer.state_offset = lambda tp: state
    consumer.on_deleted = lambda topic, count: deleted.append((topic, count))
    with caplog.at_level(logging.INFO):
        assert consumer._start(SOURCE, earliest, committed) == start
    assert deleted == [(SOURCE.topic, 20 if level == logging.ERROR else 0)]
    assert [record.levelno for record in caplog.records] == ([level] if level else [])
    if level:
        assert caplog.messages[0].endswith(f"stocks.raw.avro[0]: {said}")


async def test_seeking_goes_to_the_states_ends_and_commits_at_once(
    consumer: BatchConsumer, client: MemoryClient
) -> None:
    states = {SOURCE: 50, OTHER: None}
    consumer.state_offset = states.__getitem__
    client.beginnings = dict.fromkeys((SOURCE, OTHER), 2)
    client.group_offsets = {SOURCE: 40}
    await consumer.perform_seek()
    assert (client.at(SOURCE), client.at(OTHER), client.at(CHANGELOG_TP)) == (50, 2, 0)
    assert {tp: tracker.committable() for tp, tracker in consumer.fetcher.trackers.items()} == {SOURCE: 50, OTHER: 2}
    assert client.commits == [{SOURCE: 50, OTHER: 2}]
    assert consumer.fetcher.readable is None
    consumer.open_streams()
    assert consumer.fetcher.readable is consumer.fetcher.trackers


async def test_a_rebalance_that_ends_after_the_next_has_begun_opens_nothing(consumer: BatchConsumer) -> None:
    consumer._sought = consumer.fetcher.trackers
    consumer.fetcher.trackers = {}
    consumer.open_streams()
    assert consumer.fetcher.readable is not consumer.fetcher.trackers


async def test_without_streams_there_is_nothing_to_seek(consumer: BatchConsumer, client: MemoryClient) -> None:
    client.assign(CHANGELOG_TP)
    await consumer.perform_seek()
    assert (consumer.fetcher.trackers, client.asked, client.commits) == ({}, [], [])


async def test_while_the_flow_is_stopped_nothing_is_sought(consumer: BatchConsumer, client: MemoryClient) -> None:
    consumer.stop_flow()
    await consumer.perform_seek()
    assert (consumer.fetcher.trackers, client.asked, client.commits) == ({}, [], [])
