import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, cast

import pytest
from faust import Event
from faust.types import Message

from app import metrics
from app.dead_letters import read_headers
from app.engine.app import BatchApp
from app.engine.batch import Batch, Record
from app.engine.delivery import Abandoned, Delivery, NotDelivered, Outgoing
from app.engine.spans import Hole, Spans
from app.engine.work import Work, Worker, describe
from app.registry import RegistryUnavailable
from app.serde import Poison
from tests.unit.engine.made import SOURCE, TOPIC_ID, Numbers, Rec, event_of, records

DEAD_LETTERS = "stocks.dead-letters"
CHANGELOG = "stock-signals-numbers-changelog"
GENERATION = 7


class Broker(Delivery):
    """Takes what is sent, after the failures it was told to have."""

    def __init__(self) -> None:
        super().__init__({})
        self.sent: list[list[Outgoing]] = []
        self.tried: list[list[Outgoing]] = []
        self.failures: list[Exception | None] = []

    async def send(self, records: Sequence[Outgoing], wanted: Callable[[], bool]) -> int:
        self.tried.append(list(records))
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure
        if not wanted():
            raise Abandoned
        self.sent.append(list(records))
        return 100 * len(self.sent)

    def topics(self) -> list[str]:
        return [record.topic for group in self.sent for record in group]


class Batches:
    """A stream of batches, each with what happens before the agent gets it."""

    def __init__(self, app: BatchApp) -> None:
        self.app = app
        self.events: list[Event] = []
        self.meanwhile: dict[int, Callable[[], object]] = {}

    def noack(self) -> Any:
        return self._Stream(self)

    class _Stream:
        def __init__(self, batches: "Batches") -> None:
            self.batches = batches

        async def events(self) -> AsyncIterator[Event]:
            for number, event in enumerate(self.batches.events):
                self.batches.meanwhile.get(number, lambda: None)()
                yield event


class Bench:
    """A worker between a real table, real spans and a real consumer; only Kafka is missing."""

    def __init__(self, app: BatchApp, numbers: Numbers) -> None:
        self.app, self.numbers = app, numbers
        self.broker = Broker()
        self.batches = Batches(app)
        self.given: list[list[int]] = []
        self.failures: list[Exception | None] = []
        self.poisoned: dict[int, Poison] = {}
        self.counted = 0
        self.spans = app.batch_consumer.fetcher.spans[SOURCE] = Spans(SOURCE)
        self.spans.seek(0)
        self.worker = Worker("numbers", numbers, self.broker, DEAD_LETTERS, self.compute)

    async def compute(self, batch: Batch, given: Sequence[Record]) -> Work:
        """Each record gives an output, and its offset as the value of its key."""
        self.given.append([record.offset for record in given])
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure
        work = Work(done=self.count)
        for record in given:
            if record.offset in self.poisoned:
                work.poisoned.append((record, self.poisoned[record.offset]))
            else:
                work.outputs.append(Outgoing("out", record.key, record.value, batch.partition))
                work.changes[record.key or b""] = b"%d" % record.offset
        return work

    def count(self) -> None:
        self.counted += 1

    def fetch(self, *offsets: int, fetched: Sequence[Rec] | None = None) -> Event:
        """What a fetch brings, on its way to the agent."""
        batch = self.spans.fetch(fetched or records(*offsets), offsets[-1] + 1)
        assert batch is not None
        event = event_of(self.app, batch, GENERATION)
        self.app.batch_consumer.track_message(event.message)
        self.batches.events.append(event)
        return event

    async def run(self) -> None:
        await asyncio.wait_for(self.worker.run(cast(Any, self.batches)), 5)

    @property
    def unacked(self) -> int:
        return len(self.app.batch_consumer.unacked)

    @property
    def progress(self) -> int | None:
        return self.numbers.progress(0, TOPIC_ID)


@pytest.fixture
def bench(app: BatchApp, numbers: Numbers, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """In generation 7, confirmed for ever, with no time between tries."""
    monkeypatch.setattr("app.engine.work.BACKOFF_SECONDS", (0.0, 0.001))
    monkeypatch.setattr(type(app), "consumer_generation_id", GENERATION)
    monkeypatch.setattr(app.batch_consumer, "assignment", lambda: {SOURCE})
    app.topic_ids[SOURCE.topic] = TOPIC_ID
    app.batch_consumer.confirmed_at = float("inf")
    return Bench(app, numbers)


def leave_unconfirmed(bench: Bench) -> None:
    bench.app.rebalancing = True
    bench.app.batch_consumer.confirmed_at = float("-inf")


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
    await bench.numbers.write(cast(Batch, bench.fetch(0, 1, 2).value), TOPIC_ID, {}, Broker(), lambda: True)
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
    await bench.numbers.write(cast(Batch, bench.fetch(0, 1).value), "recreated since", {}, Broker(), lambda: True)
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
