"""A worker with everything but Kafka: real tables, spans and consumer, and a broker in memory."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, cast

from app.engine.delivery import Abandoned, Delivery, Outgoing
from app.engine.spans import Spans
from app.engine.work import Work, Worker
from faust import Event

from app.engine.app import BatchApp
from app.engine.batch import Batch, Record
from app.serde import Poison
from tests.unit.engine.made import SOURCE, TOPIC_ID, Numbers, Rec, event_of, records

DEAD_LETTERS = "stocks.dead-letters"
GENERATION = 7


class Broker(Delivery):
    """Takes what is sent, after the failures it was told to have."""

    def __init__(self) -> None:
        super().__init__({}, patience=60)
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


def leave_unconfirmed(bench: Bench) -> None:
    bench.app.rebalancing = True
    bench.app.batch_consumer.confirmed_at = float("-inf")
