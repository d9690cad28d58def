import asyncio
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any, cast

import pytest
from aiokafka.errors import CommitFailedError
from faust.types import TP, ConsumerMessage

from app.engine.app import BatchApp
from app.engine.batch import Batch
from app.engine.consumer import FRESH_SECONDS, BatchConsumer
from app.engine.errors import OffsetGap
from app.engine.offset_tracker import OffsetTracker
from tests.unit.engine.client import MemoryClient
from tests.unit.engine.consuming import CHANGELOG_TP as CHANGELOG
from tests.unit.engine.consuming import OTHER, sought
from tests.unit.engine.made import SOURCE, Rec, batch, event_of, make_options, records

GENERATION = 7


def fetched(tracker: OffsetTracker, *offsets: int) -> Batch:
    made = tracker.fetch(records(*offsets), offsets[-1] + 1)
    assert made is not None
    return made


def test_a_batch_becomes_a_message_known_by_where_it_starts(consumer: BatchConsumer, app: BatchApp) -> None:
    made = Batch(SOURCE, [Rec(12, timestamp=5000), Rec(14, timestamp=7000)], 10, 16, epoch=1)
    message = consumer._to_message(SOURCE, made)
    assert message.value is cast(Any, made)
    assert (message.tp, message.offset, message.timestamp) == (SOURCE, 10, 7.0)
    assert message.generation_id == app.consumer_generation_id


def test_acking_a_batch_moves_what_is_finished(consumer: BatchConsumer) -> None:
    tracker = sought(consumer, SOURCE, 5)
    made = fetched(tracker, 5, 6)
    message = consumer._to_message(SOURCE, made)
    consumer.track_message(message)
    assert consumer.begin(made)
    assert consumer.finished(SOURCE) == 5
    made.message = message
    consumer.finish(made)
    assert (message.acked, made.acked) == (True, True)
    assert not consumer.unacked
    assert consumer.finished(SOURCE) == 7


def test_a_message_that_faust_acks_moves_nothing(consumer: BatchConsumer) -> None:
    """It does so with those it skips."""
    made = fetched(sought(consumer, SOURCE, 5), 5)
    assert consumer.begin(made)
    message: ConsumerMessage = consumer._to_message(SOURCE, made)
    consumer.track_message(message)
    message.incref(2)
    message.ack(consumer)
    assert consumer.unacked
    message.ack(consumer)
    assert not consumer.unacked
    assert consumer.finished(SOURCE) == 5


def test_a_batch_of_a_partition_that_is_not_read_is_not_begun(consumer: BatchConsumer) -> None:
    assert not consumer.begin(batch(0, 1))
    assert consumer.finished(SOURCE) is None


def test_a_lost_batch_is_an_offset_gap(consumer: BatchConsumer) -> None:
    tracker = sought(consumer, SOURCE, 5)
    fetched(tracker, 5, 6)
    with pytest.raises(OffsetGap):
        consumer.begin(fetched(tracker, 7))


def test_only_the_streams_are_committed(consumer: BatchConsumer) -> None:
    assert consumer.stream_tps() == {SOURCE, OTHER}
    assert set(consumer._filter_tps_with_pending_acks()) == {SOURCE, OTHER}
    assert set(consumer._filter_tps_with_pending_acks({SOURCE})) == {SOURCE}
    assert set(consumer._filter_tps_with_pending_acks({SOURCE.topic, CHANGELOG.topic})) == {SOURCE, OTHER}


def test_what_is_not_sought_yet_is_not_committed_and_what_is_unchanged_is(consumer: BatchConsumer) -> None:
    sought(consumer, SOURCE, 0)
    for _ in range(2):
        assert consumer._filter_committable_offsets({SOURCE, OTHER}) == {SOURCE: 0}
        consumer._committed_offset[SOURCE] = 0


@pytest.mark.parametrize("accepted", [True, False])
async def test_only_a_commit_that_the_broker_accepted_confirms_the_worker(
    consumer: BatchConsumer, client: MemoryClient, accepted: bool
) -> None:
    answered_at: list[float] = []

    def answer() -> None:
        answered_at.append(monotonic())
        if not accepted:
            raise CommitFailedError("the group has already rebalanced")

    client.answer_commit = answer
    asked_at = monotonic()
    assert await consumer._commit({SOURCE: 1}) is accepted
    assert client.commits == [{SOURCE: 1}]
    if accepted:
        # The answer takes its time, and proves nothing about the time since it was asked for.
        assert asked_at <= consumer.confirmed_at <= answered_at[0]
    else:
        assert consumer.confirmed_at == 0.0


def assigned_by(app: BatchApp, then: Callable[[], object]) -> BatchConsumer:
    """A consumer, and what Faust does when its partitions have been assigned."""

    async def changed(*_: object) -> None:
        then()

    made = app.transport.create_consumer(
        app.topics.on_message, on_partitions_assigned=changed, on_partitions_revoked=changed
    )
    return cast(BatchConsumer, made)


async def test_a_new_assignment_forgets_what_was_fetched_under_the_old(app: BatchApp) -> None:
    seen: list[dict[TP, OffsetTracker]] = []
    consumer = assigned_by(app, lambda: seen.append(consumer.fetcher.trackers))
    made = fetched(sought(consumer, SOURCE, 5), 5)
    assert consumer.fetcher.polled_at is None
    await consumer.on_partitions_assigned({SOURCE}, 8)
    assert seen == [{}], "when Faust comes to the streams, nothing of it is left"
    assert not consumer.begin(made)
    assert consumer.finished(SOURCE) is None
    assert consumer.fetcher.polled_at is not None, "from now on it must ask for records"


async def test_a_worker_with_no_partition_need_not_ask_for_records(app: BatchApp) -> None:
    consumer = assigned_by(app, lambda: None)
    await consumer.on_partitions_assigned({SOURCE}, 8)
    await consumer.on_partitions_assigned(set(), 9)
    assert consumer.fetcher.polled_at is None


async def test_a_thread_that_crashed_is_not_asked_to_commit(app: BatchApp) -> None:
    # It would never answer, and the worker waits for the answer before it ends.
    consumer = app.batch_consumer
    consumer.fetcher._crashed.set()
    assert await asyncio.wait_for(consumer._commit({SOURCE: 1}), 5) is False


def fetched_in(generation: int, app: BatchApp, made: Batch) -> Batch:
    made.message = event_of(app, made, generation).message
    return made


def test_a_batch_is_this_workers_while_its_generation_lasts(consumer: BatchConsumer, app: BatchApp) -> None:
    app.consumer_generation_id = GENERATION  # As Faust does when the group has assigned partitions.
    made = fetched(sought(consumer, SOURCE, 5), 5)
    assert not consumer.holds(made), "nobody has given it to an agent yet"
    assert consumer.is_current(fetched_in(GENERATION, app, made))
    for generation in (GENERATION - 1, GENERATION + 1):
        assert not consumer.is_current(fetched_in(generation, app, made))


async def test_a_batch_is_not_this_workers_without_the_partition_nor_after_a_seek(
    consumer: BatchConsumer, app: BatchApp, client: MemoryClient
) -> None:
    app.consumer_generation_id = GENERATION
    tracker = sought(consumer, SOURCE, 5)
    made = fetched_in(GENERATION, app, fetched(tracker, 5))
    tracker.seek(5)
    assert consumer.holds(made)
    assert not consumer.is_current(made)
    client.assign(OTHER)
    assert not consumer.holds(made)


def test_a_batch_given_up_is_waited_for_by_nobody_and_comes_again_after_a_seek(
    consumer: BatchConsumer, app: BatchApp
) -> None:
    tracker = sought(consumer, SOURCE, 5)
    made = fetched_in(GENERATION, app, fetched(tracker, 5))
    consumer.track_message(cast(Any, made.message))
    assert consumer.begin(made)
    consumer.give_up(made)
    assert not consumer.unacked
    assert not consumer.begin(made)
    assert consumer.finished(SOURCE) == 5


def test_giving_up_a_batch_of_a_partition_that_is_gone_is_no_error(consumer: BatchConsumer, app: BatchApp) -> None:
    consumer.give_up(fetched_in(GENERATION, app, batch(0, 1)))
    consumer.give_up(batch(0, 1))


@pytest.mark.parametrize(("age", "confirmed"), [(0.0, True), (7900.0, True), (8000.0, False), (3e6, False)])
async def test_a_confirmation_lasts_less_than_the_session(tmp_path: Path, age: float, confirmed: bool) -> None:
    consumer = BatchApp(make_options(tmp_path, session_seconds=10_000.0)).batch_consumer
    consumer.confirmed_at = monotonic() - age
    assert consumer.confirmed_lately() is confirmed


async def test_a_worker_that_stops_does_not_wait_for_a_broker_that_is_away(
    consumer: BatchConsumer, app: BatchApp, client: MemoryClient
) -> None:
    app._stopped.set()
    consumer.confirmed_at = monotonic() - FRESH_SECONDS - 1
    assert await consumer._commit({SOURCE: 1}) is False
    assert client.commits == []
    consumer.confirmed_at = monotonic()
    assert await consumer._commit({SOURCE: 1}) is True
    assert client.commits == [{SOURCE: 1}]


async def test_faust_has_nothing_to_restore(consumer: BatchConsumer) -> None:
    assert await consumer.highwaters(CHANGELOG) == {CHANGELOG: 0}


async def test_before_its_client_is_there_it_has_no_partition(app: BatchApp) -> None:
    assert app.batch_consumer.assignment() == app.batch_consumer.stream_tps() == set()
