import asyncio
import logging
from typing import Any, cast

import pytest
from app.engine.spans import Hole, Spans
from faust.transport.consumer import ThreadDelegateConsumer
from faust.transport.drivers import aiokafka
from faust.types import TP, ConsumerMessage

from app.engine.app import BatchApp
from app.engine.batch import Batch
from app.engine.consumer import BatchConsumer
from tests.unit.engine.made import SOURCE, Numbers, Rec, batch, changelog, records

INDICATORS = TP("stocks.indicators", 0)
CHANGELOG = TP("stock-signals-numbers-changelog", 0)


@pytest.fixture
def consumer(app: BatchApp, numbers: Numbers, monkeypatch: pytest.MonkeyPatch) -> BatchConsumer:
    """Assigned two stream partitions and a changelog's."""
    consumer = app.batch_consumer
    monkeypatch.setattr(consumer, "assignment", lambda: {SOURCE, INDICATORS, CHANGELOG})
    app.topics.acking_topics.update({SOURCE.topic, INDICATORS.topic})
    return consumer


def sought(consumer: BatchConsumer, tp: TP, offset: int) -> Spans:
    spans = consumer.fetcher.spans[tp] = Spans(tp)
    spans.seek(offset)
    return spans


def fetched(spans: Spans, *offsets: int) -> Batch:
    made = spans.fetch(records(*offsets), offsets[-1] + 1)
    assert made is not None
    return made


def test_a_batch_becomes_a_message_known_by_where_it_starts(consumer: BatchConsumer, app: BatchApp) -> None:
    made = Batch(SOURCE, [Rec(12, timestamp=5000), Rec(14, timestamp=7000)], 10, 16, epoch=1)
    message = consumer._to_message(SOURCE, made)
    assert message.value is cast(Any, made)
    assert (message.tp, message.offset, message.timestamp) == (SOURCE, 10, 7.0)
    assert message.generation_id == app.consumer_generation_id


def test_a_changelogs_batch_is_known_by_its_last_record(consumer: BatchConsumer) -> None:
    made = changelog(Rec(12), Rec(14))
    made.end = 16
    assert consumer._to_message(CHANGELOG, made).offset == 14


def test_acking_a_batch_moves_what_is_finished(consumer: BatchConsumer) -> None:
    spans = sought(consumer, SOURCE, 5)
    made = fetched(spans, 5, 6)
    message = consumer._to_message(SOURCE, made)
    consumer.track_message(message)
    assert consumer.begin(made)
    assert consumer.finished(SOURCE) == 5
    assert consumer.ack(message)
    assert (message.acked, made.acked) == (True, True)
    assert not consumer.unacked
    assert consumer.finished(SOURCE) == 7


def test_an_event_acked_reaches_the_consumer_only_with_its_last_reference(consumer: BatchConsumer) -> None:
    made = fetched(sought(consumer, SOURCE, 5), 5)
    message: ConsumerMessage = consumer._to_message(SOURCE, made)
    message.incref(2)
    message.ack(consumer)
    assert not made.acked
    message.ack(consumer)
    assert made.acked


def test_a_batch_of_a_partition_that_is_not_read_is_not_begun(consumer: BatchConsumer) -> None:
    assert not consumer.begin(batch(0, 1))
    assert consumer.finished(SOURCE) is None


def test_a_lost_batch_is_a_hole(consumer: BatchConsumer) -> None:
    spans = sought(consumer, SOURCE, 5)
    fetched(spans, 5, 6)
    with pytest.raises(Hole):
        consumer.begin(fetched(spans, 7))


def test_only_the_streams_are_committed(consumer: BatchConsumer) -> None:
    assert consumer.stream_tps() == {SOURCE, INDICATORS}
    assert set(consumer._filter_tps_with_pending_acks()) == {SOURCE, INDICATORS}
    assert set(consumer._filter_tps_with_pending_acks({SOURCE.topic})) == {SOURCE}


def test_what_is_not_sought_yet_is_not_committed_and_what_is_unchanged_is(consumer: BatchConsumer) -> None:
    sought(consumer, SOURCE, 0)
    for _ in range(2):
        assert consumer._filter_committable_offsets({SOURCE, INDICATORS}) == {SOURCE: 0}
        consumer._committed_offset[SOURCE] = 0


@pytest.mark.parametrize("accepted", [True, False])
async def test_only_a_commit_that_the_broker_accepted_confirms_the_worker(
    consumer: BatchConsumer, monkeypatch: pytest.MonkeyPatch, accepted: bool
) -> None:
    now = iter([100.0, 200.0])
    monkeypatch.setattr("app.engine.consumer.monotonic", now.__next__)

    async def commit(self: Any, offsets: Any) -> bool:
        next(now)  # the answer takes its time, and proves nothing about the time since it was asked for
        return accepted

    monkeypatch.setattr(ThreadDelegateConsumer, "_commit", commit)
    assert await consumer._commit({SOURCE: 1}) is accepted
    assert consumer.confirmed_at == (100.0 if accepted else 0.0)


async def test_a_new_assignment_forgets_what_was_fetched_under_the_old(
    consumer: BatchConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = fetched(sought(consumer, SOURCE, 5), 5)

    async def assigned(self: Any, tps: set[TP], generation_id: int) -> None:
        assert consumer.fetcher.spans == {}

    monkeypatch.setattr(aiokafka.Consumer, "on_partitions_assigned", assigned)
    assert consumer.fetcher.polled_at is None
    await consumer.on_partitions_assigned({SOURCE}, 8)
    assert not consumer.begin(made)
    assert consumer.finished(SOURCE) is None
    assert consumer.fetcher.polled_at is not None, "from now on it must ask for records"


async def test_a_worker_with_no_partition_need_not_ask_for_records(
    consumer: BatchConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def assigned(self: Any, tps: set[TP], generation_id: int) -> None:
        """Faust's part of it."""

    monkeypatch.setattr(aiokafka.Consumer, "on_partitions_assigned", assigned)
    await consumer.on_partitions_assigned({SOURCE}, 8)
    await consumer.on_partitions_assigned(set(), 9)
    assert consumer.fetcher.polled_at is None


async def test_a_thread_that_crashed_is_not_asked_to_commit(consumer: BatchConsumer) -> None:
    # It would never answer, and the worker waits for the answer before it ends.
    consumer.fetcher._crashed.set()
    assert await asyncio.wait_for(consumer._commit({SOURCE: 1}), 5) is False


@pytest.mark.parametrize(
    ("state", "earliest", "committed", "start", "level", "said"),
    [
        (None, 0, None, 0, None, ""),
        (None, 3, 90, 3, logging.WARNING, "no state, though the group committed 90: reading from the start (3)"),
        (50, 0, None, 50, None, ""),
        (50, 0, 50, 50, None, ""),
        (50, 0, 40, 50, None, ""),
        (50, 0, 60, 50, logging.WARNING, "state ends at 50, the group committed 60: reading again from 50"),
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
    consumer.state_offset = lambda tp: state
    assert consumer._start(SOURCE, earliest, committed) == start
    assert [record.levelno for record in caplog.records] == ([level] if level else [])
    if level:
        assert caplog.messages[0].endswith(f"stocks.raw.avro[0]: {said}")


async def test_seeking_goes_to_the_states_ends_and_commits_at_once(
    consumer: BatchConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = {SOURCE: 50, INDICATORS: None}
    consumer.state_offset = states.__getitem__
    committed: list[dict[TP, int]] = []

    async def earliest_offsets(*tps: TP) -> dict[TP, int]:
        return dict.fromkeys(tps, 2)

    async def group_committed(tps: set[TP]) -> dict[TP, int | None]:
        return {SOURCE: 40, INDICATORS: None}

    async def seek_spans(spans: dict[TP, Spans], offsets: dict[TP, int]) -> None:
        assert spans is consumer.fetcher.spans
        for tp, offset in offsets.items():
            sought(consumer, tp, offset)

    async def commit() -> bool:
        committed.append(consumer._filter_committable_offsets(consumer.stream_tps()))
        return True

    monkeypatch.setattr(consumer, "earliest_offsets", earliest_offsets)
    monkeypatch.setattr(consumer, "commit", commit)
    monkeypatch.setattr(consumer.fetcher, "committed", group_committed)
    monkeypatch.setattr(consumer.fetcher, "seek_spans", seek_spans)
    await consumer.perform_seek()
    assert committed == [{SOURCE: 50, INDICATORS: 2}]
    assert consumer.fetcher.readable is None
    consumer.open_streams()
    assert consumer.fetcher.readable is consumer.fetcher.spans


async def test_a_rebalance_that_ends_after_the_next_has_begun_opens_nothing(consumer: BatchConsumer) -> None:
    consumer._sought = consumer.fetcher.spans
    consumer.fetcher.spans = {}
    consumer.open_streams()
    assert consumer.fetcher.readable is not consumer.fetcher.spans


async def test_without_streams_there_is_nothing_to_seek(
    consumer: BatchConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "assignment", set)
    await consumer.perform_seek()
    assert consumer.fetcher.spans == {}


async def test_while_the_flow_is_stopped_nothing_is_sought(consumer: BatchConsumer) -> None:
    consumer.stop_flow()
    await consumer.perform_seek()
    assert consumer.fetcher.spans == {}
