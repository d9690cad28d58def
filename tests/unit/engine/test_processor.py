import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest
from app.engine.delivery import Abandoned, NotDelivered, Outgoing
from app.engine.fence import RECHECK_SECONDS
from app.engine.points import Point
from app.engine.spans import Hole
from app.engine.work import Work, Worker, describe
from faust import Event
from faust.types import Message

from app import metrics
from app.dead_letters import LARGEST_VALUE_BYTES, read_headers
from app.engine.batch import Batch, Record
from app.registry import RegistryUnavailable
from app.serde import Poison
from tests.unit.engine.made import TOPIC_ID, Rec
from tests.unit.engine.workbench import DEAD_LETTERS, GENERATION, Bench, leave_unconfirmed

CHANGELOG = "stock-signals-numbers-changelog"


def store_progress(bench: Bench, event: Event, topic_id: str) -> None:
    bench.numbers.store(0, bench.numbers.entries(cast(Batch, event.value), topic_id, {}), changelog_offset=0)


async def test_outputs_then_changelog_then_store_then_ack(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    send, put, ack = bench.broker.send, bench.numbers._put, bench.app.batch_consumer.ack

    async def noting_send(records: Sequence[Outgoing], wanted: Callable[[], bool]) -> int:
        order.append(records[0].topic)
        return await send(records, wanted)

    def noting_put(*given: Any) -> None:
        order.append("store")
        put(*given)

    def noting_ack(message: Message) -> bool:
        order.append("ack")
        return ack(message)

    monkeypatch.setattr(bench.broker, "send", noting_send)
    monkeypatch.setattr(bench.numbers, "_put", noting_put)
    monkeypatch.setattr(bench.app.batch_consumer, "ack", noting_ack)
    bench.fetch(0, 1)
    await bench.run()
    assert order == ["out", CHANGELOG, "store", "ack"]
    assert (bench.progress, bench.spans.committable(), bench.unacked, bench.counted) == (2, 2, 0, 1)


async def test_batches_are_worked_through_one_after_the_other(bench: Bench) -> None:
    for offsets in ((0, 1), (2,), (5, 6)):
        bench.fetch(*offsets)
    await bench.run()
    assert bench.given == [[0, 1], [2], [5, 6]]
    assert bench.broker.topics() == ["out", "out", *[CHANGELOG] * 2, "out", *[CHANGELOG] * 2, "out", "out"] + (
        [CHANGELOG] * 2
    )
    assert bench.spans.committable() == 7


async def test_a_poisoned_record_goes_to_the_dead_letters_as_it_came(bench: Bench) -> None:
    bench.poisoned = {1: Poison("undecodable", "cut off at byte 7")}
    bench.fetch(0, 1, 2, fetched=[Rec(0), Rec(1, key=b"\xff", value=b"\x00rubbish"), Rec(2)])
    await bench.run()
    *outputs, dead = bench.broker.sent[0]
    assert [record.topic for record in outputs] == ["out", "out"]
    assert (dead.topic, dead.key, dead.value, dead.partition) == (DEAD_LETTERS, b"\xff", b"\x00rubbish", 0)
    assert read_headers(list(dead.headers or [])) == {
        "reason": "undecodable",
        "exception": "Poison: cut off at byte 7",
        "topic": "stocks.raw.avro",
        "partition": "0",
        "offset": "1",
        "time": "2024-11-14T14:30:00Z",
    }
    assert (bench.progress, bench.unacked) == (3, 0)


async def test_dead_letters_are_counted_by_reason_once_they_are_written(bench: Bench) -> None:
    def counted() -> float:
        return metrics.registry.get_sample_value("stocks_dead_letters_total", {"reason": "stale"}) or 0.0

    before = counted()
    bench.poisoned = {0: Poison("stale", "late")}
    bench.broker.failures = [NotDelivered("timed out")]
    bench.fetch(0)
    await bench.run()
    assert counted() == before + 1


async def test_records_that_the_state_has_seen_are_filtered(bench: Bench) -> None:
    store_progress(bench, bench.fetch(0, 1, 2), TOPIC_ID)
    bench.spans.seek(0)
    bench.batches.events.clear()
    bench.fetch(0, 1, 2, 3, 4)
    await bench.run()
    assert bench.given == [[3, 4]]
    assert bench.progress == 5


async def test_a_batch_that_the_state_has_seen_whole_emits_nothing(bench: Bench) -> None:
    bench.fetch(0, 1)
    await bench.run()
    bench.spans.seek(0)
    bench.batches.events.clear()
    bench.broker.sent.clear()
    bench.fetch(0, 1)
    await bench.run()
    assert bench.given[-1] == []
    assert bench.broker.topics() == [CHANGELOG]
    assert bench.spans.committable() == 2


async def test_state_of_another_topic_of_that_name_filters_nothing(bench: Bench) -> None:
    store_progress(bench, bench.fetch(0, 1), "recreated since")
    bench.spans.seek(0)
    bench.batches.events.clear()
    bench.fetch(0, 1)
    await bench.run()
    assert bench.given == [[0, 1]]


@pytest.mark.parametrize("failed", [0, 1])
async def test_what_the_broker_did_not_take_is_sent_again_the_same(bench: Bench, failed: int) -> None:
    bench.broker.failures = [None] * failed + [NotDelivered("timed out")] * 3
    bench.fetch(0, 1)
    await bench.run()
    assert bench.broker.sent[-2:] == [bench.broker.tried[0], bench.broker.tried[-1]]
    assert all(tried in bench.broker.sent[-2:] for tried in bench.broker.tried)
    assert (bench.progress, bench.unacked, bench.counted) == (2, 0, 1)


async def test_a_registry_out_of_reach_is_waited_for(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.failures = [RegistryUnavailable("connection refused")] * 2
    bench.fetch(0, 1)
    with caplog.at_level(logging.WARNING):
        await bench.run()
    assert bench.given == [[0, 1]] * 3
    assert "connection refused, trying stocks.raw.avro[0]@0..1 again" in caplog.text
    assert (bench.progress, bench.unacked) == (2, 0)


async def test_what_keeps_the_worker_is_said_while_it_lasts(bench: Bench) -> None:
    said: list[dict[str, str]] = []
    compute = bench.compute

    async def noting(batch: Batch, given: Sequence[Record]) -> Work:
        said.append(dict(bench.app.troubles))
        return await compute(batch, given)

    bench.worker = Worker("numbers", bench.numbers, bench.broker, DEAD_LETTERS, noting)
    bench.failures = [RegistryUnavailable("no route")]
    bench.broker.failures = [NotDelivered("timed out")]
    bench.fetch(0)
    await bench.run()
    assert said == [
        {},
        {"numbers": "numbers waits for the registry: no route"},
        {"numbers": "numbers waits for the broker: timed out"},
    ]
    assert bench.app.troubles == {}


@pytest.mark.parametrize("failed", [0, 1])
async def test_an_abandoned_batch_stays_unacked_and_does_not_hold_up_a_rebalance(bench: Bench, failed: int) -> None:
    bench.broker.failures = [None] * failed + [Abandoned()]
    event = bench.fetch(0, 1)
    await bench.run()
    assert not event.message.acked
    assert (bench.progress, bench.spans.committable(), bench.unacked, bench.counted) == (None, 0, 0, 0)


async def test_a_worker_that_leaves_does_not_wait_for_a_broker_that_is_away(bench: Bench) -> None:
    bench.broker.failures = [NotDelivered("timed out")] * 1000
    bench.fetch(0)
    bench.batches.meanwhile[0] = lambda: leave_unconfirmed(bench)
    await bench.run()
    assert (bench.progress, bench.spans.committable(), bench.unacked) == (None, 0, 0)
    assert len(bench.broker.tried) == 0


async def test_a_batch_of_an_older_generation_writes_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.fetch(0, 1)
    bench.batches.meanwhile[0] = lambda: monkeypatch.setattr(type(bench.app), "consumer_generation_id", GENERATION + 1)
    await bench.run()
    assert bench.broker.tried == []
    assert (bench.progress, bench.spans.committable()) == (None, 0)


async def test_a_partition_lost_between_outputs_and_changelog_leaves_the_state_alone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = bench.broker.send

    async def lose(records: Sequence[Outgoing], wanted: Callable[[], bool]) -> int:
        offset = await send(records, wanted)
        monkeypatch.setattr(bench.app.batch_consumer, "assignment", set)
        return offset

    monkeypatch.setattr(bench.broker, "send", lose)
    bench.fetch(0, 1)
    await bench.run()
    assert bench.broker.topics() == ["out", "out"]
    assert (bench.progress, bench.counted) == (None, 0)


async def test_a_changelog_sent_after_the_partition_was_lost_does_not_reach_the_store(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its offset lies behind records of a successor: restoring would go on from there without them.
    send = bench.broker.send

    async def lose(records: Sequence[Outgoing], wanted: Callable[[], bool]) -> int:
        offset = await send(records, wanted)
        if records[0].topic == CHANGELOG:
            monkeypatch.setattr(bench.app.batch_consumer, "assignment", set)
        return offset

    monkeypatch.setattr(bench.broker, "send", lose)
    bench.fetch(0, 1)
    await bench.run()
    assert bench.broker.topics() == ["out", "out", CHANGELOG, CHANGELOG]
    assert (bench.progress, bench.spans.committable(), bench.counted) == (None, 0, 0)


async def test_the_changelog_waits_for_a_confirmation_that_the_outputs_outlived(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = bench.broker.send

    async def slow(records: Sequence[Outgoing], wanted: Callable[[], bool]) -> int:
        offset = await send(records, wanted)
        if records[0].topic == "out":
            bench.app.batch_consumer.confirmed_at = float("-inf")
        return offset

    monkeypatch.setattr(bench.broker, "send", slow)
    bench.fetch(0)
    running = asyncio.create_task(bench.run())
    done, _ = await asyncio.wait({running}, timeout=3 * RECHECK_SECONDS)
    assert not done
    assert bench.broker.topics() == ["out"]
    bench.app.batch_consumer.confirmed_at = float("inf")
    await running
    assert bench.broker.topics() == ["out", CHANGELOG, CHANGELOG]


async def test_a_worker_that_leaves_does_not_wait_for_a_registry_that_is_away(bench: Bench) -> None:
    asked = 0

    async def compute(batch: Batch, given: Sequence[Record]) -> Work:
        nonlocal asked
        asked += 1
        leave_unconfirmed(bench)
        raise RegistryUnavailable("connection refused")

    bench.worker = Worker("numbers", bench.numbers, bench.broker, DEAD_LETTERS, compute)
    bench.fetch(0)
    await bench.run()
    assert (asked, bench.progress, bench.spans.committable(), bench.unacked) == (1, None, 0, 0)


async def test_a_batch_that_a_seek_made_void_is_dropped(bench: Bench) -> None:
    event = bench.fetch(0, 1)
    bench.spans.seek(0)
    await bench.run()
    assert (bench.given, event.message.acked, bench.unacked) == ([], False, 0)


@pytest.mark.parametrize("where", ["compute", "send"])
async def test_a_bug_leaves_the_batch_unacked_and_ends_the_agent(
    bench: Bench, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    failures = bench.failures if where == "compute" else bench.broker.failures
    failures.append(ZeroDivisionError("a bug"))
    event = bench.fetch(0, 1)
    bench.fetch(2)
    with pytest.raises(ZeroDivisionError, match="a bug"):
        await bench.run()
    assert not event.message.acked
    assert bench.given == [[0, 1]]
    assert (bench.progress, bench.spans.committable(), bench.unacked) == (None, 0, 2)
    assert "numbers failed at stocks.raw.avro[0]@0..1; it stays un-acked" in caplog.text


async def test_a_batch_lost_on_the_way_ends_the_agent(bench: Bench) -> None:
    bench.fetch(0, 1)
    bench.fetch(2, 3)
    del bench.batches.events[0]
    with pytest.raises(Hole):
        await bench.run()
    assert (bench.given, bench.progress) == ([], None)


def test_a_batch_is_described_by_its_first_and_last_offset(bench: Bench) -> None:
    assert describe(cast(Batch, bench.fetch(0, 1, 5).value)) == "stocks.raw.avro[0]@0..5"


async def test_a_value_too_large_for_a_record_is_cut(bench: Bench) -> None:
    async def compute(batch: Batch, given: Sequence[Record]) -> Work:
        return Work(poisoned=[(given[0], Poison("not_avro", "much too large"))])

    bench.worker = Worker("numbers", bench.numbers, bench.broker, DEAD_LETTERS, compute)
    bench.fetch(0, fetched=[Rec(0, value=b"x" * (LARGEST_VALUE_BYTES + 1))])
    await bench.run()
    sent = [record for group in bench.broker.sent for record in group if record.topic == DEAD_LETTERS]
    assert [len(letter.value or b"") for letter in sent] == [LARGEST_VALUE_BYTES]


async def test_after_an_abandoned_batch_the_next_of_its_partition_waits_for_a_seek(bench: Bench) -> None:
    async def compute(batch: Batch, given: Sequence[Record]) -> Work:
        if batch.start == 0:
            raise Abandoned
        return Work(outputs=[Outgoing("out", b"k", b"v")])

    bench.worker = Worker("numbers", bench.numbers, bench.broker, DEAD_LETTERS, compute)
    bench.fetch(0)
    bench.fetch(1)
    await bench.run()
    assert (bench.broker.topics(), bench.progress, bench.spans.committable(), bench.unacked) == ([], None, 0, 0)


async def test_an_observer_sees_each_point_of_a_batch_once_and_in_order(bench: Bench) -> None:
    seen: list[tuple[Point, int, int | None, int | None]] = []

    async def look(point: Point, batch: Batch) -> None:
        seen.append((point, len(bench.broker.sent), bench.progress, bench.spans.committable()))

    bench.worker.reached = look
    bench.fetch(0, 1)
    await bench.run()
    assert seen == [
        (Point.BEFORE_OUTPUTS, 0, None, 0),
        (Point.AFTER_OUTPUTS, 1, None, 0),
        (Point.AFTER_CHANGELOG, 2, None, 0),
        (Point.AFTER_STORE, 2, 2, 0),
        (Point.BEFORE_ACK, 2, 2, 0),
        (Point.AFTER_ACK, 2, 2, 2),
    ]
