"""Where reading starts: BatchConsumer.perform_seek."""

import logging

import pytest
from faust.types import TP

from app.engine.consumer import BatchConsumer
from app.engine.offset_tracker import OffsetTracker
from tests.unit.engine.consuming import OTHER, sought
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
    consumer: BatchConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = {SOURCE: 50, OTHER: None}
    consumer.state_offset = states.__getitem__
    committed: list[dict[TP, int]] = []

    async def earliest_offsets(*tps: TP) -> dict[TP, int]:
        return dict.fromkeys(tps, 2)

    async def group_committed(tps: set[TP]) -> dict[TP, int | None]:
        return {SOURCE: 40, OTHER: None}

    async def seek_trackers(tracker: dict[TP, OffsetTracker], offsets: dict[TP, int]) -> None:
        assert tracker is consumer.fetcher.trackers
        for tp, offset in offsets.items():
            sought(consumer, tp, offset)

    async def commit() -> bool:
        committed.append(consumer._filter_committable_offsets(consumer.stream_tps()))
        return True

    monkeypatch.setattr(consumer, "earliest_offsets", earliest_offsets)
    monkeypatch.setattr(consumer, "commit", commit)
    monkeypatch.setattr(consumer.fetcher, "committed", group_committed)
    monkeypatch.setattr(consumer.fetcher, "seek_trackers", seek_trackers)
    await consumer.perform_seek()
    assert committed == [{SOURCE: 50, OTHER: 2}]
    assert consumer.fetcher.readable is None
    consumer.open_streams()
    assert consumer.fetcher.readable is consumer.fetcher.trackers


async def test_a_rebalance_that_ends_after_the_next_has_begun_opens_nothing(consumer: BatchConsumer) -> None:
    consumer._sought = consumer.fetcher.trackers
    consumer.fetcher.trackers = {}
    consumer.open_streams()
    assert consumer.fetcher.readable is not consumer.fetcher.trackers


async def test_without_streams_there_is_nothing_to_seek(
    consumer: BatchConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "assignment", set)
    await consumer.perform_seek()
    assert consumer.fetcher.trackers == {}


async def test_while_the_flow_is_stopped_nothing_is_sought(consumer: BatchConsumer) -> None:
    consumer.stop_flow()
    await consumer.perform_seek()
    assert consumer.fetcher.trackers == {}
