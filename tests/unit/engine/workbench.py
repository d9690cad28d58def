"""A processor between a consumer, a producer and a table in memory; the tracker of offsets is the real one."""

import asyncio
import threading
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any, cast

from faust import Event
from faust.types import TP

from app.engine.batch import Batch, BatchResult, ProducerRecord, ToSend
from app.engine.checkpoint import CHECKPOINT_KEY, Checkpoint, decode_checkpoint
from app.engine.errors import Fenced, NotCommitted, StoreFull
from app.engine.failpoints import Failpoint, Observer
from app.engine.offset_tracker import OffsetTracker
from app.engine.processor import BatchProcessor
from tests.unit.engine.made import CHANGELOG, SOURCE, TOPIC_ID, Rec, event_of, records

GENERATION = 7
OTHER = TP(SOURCE.topic, 1)


class BenchProducer:
    """Takes transactions, after the failures that it was given; `hold` stops it in the middle of one."""

    def __init__(self, tp: TP, notes: list[str]) -> None:
        self.spent_at: float | None = None
        self.committed: list[list[ProducerRecord]] = []
        self.tried: list[list[ProducerRecord]] = []
        self.failures: list[Exception | None] = []
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()
        self.meanwhile: Callable[[], object] = lambda: None
        self._notes = notes

    def hold(self) -> None:
        self.go_on.clear()

    def commit(
        self,
        batch: Batch,
        outputs: Sequence[ToSend],
        changelog: Sequence[ToSend],
        should_continue: Callable[[], bool],
        reached: Observer,
    ) -> int:
        self.tried.append([ProducerRecord(*record) for record in (*outputs, *changelog)])
        self.begun.set()
        assert self.go_on.wait(10)
        for point in list(Failpoint)[1:5]:
            reached(point, batch)
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            self.spent_at = time.monotonic()
            raise failure
        if not should_continue():
            raise Fenced("nobody waits")
        self.committed.append(self.tried[-1])
        self._notes.append("commit")
        self.meanwhile()
        return 100 * len(self.committed)


class FakeTable:
    """Rows in memory."""

    changelog_name = CHANGELOG
    state_text = "sma:20,50"

    def __init__(self, notes: list[str]) -> None:
        self.rows: defaultdict[int, dict[bytes, bytes]] = defaultdict(dict)
        self.positions: dict[int, int] = {}
        #: While it is set, nothing can be stored.
        self.is_full = False
        self.on_rows: list[Callable[[int, Mapping[bytes, bytes]], None]] = []
        self.on_dropped: list[Callable[[int], None]] = []
        self.before_close: list[Callable[[], Any]] = []
        self._notes = notes

    def restore(self, partition: int, entries: Mapping[bytes, bytes], position: int) -> None:
        if self.is_full:
            self._notes.append("full")
            raise StoreFull("the disk is full")
        self._notes.append("store")
        self.rows[partition].update(entries)
        self.positions[partition] = position

    def check_room(self, partition: int) -> None:
        if self.is_full:
            raise StoreFull("the disk is full")

    def checkpoint(self, partition: int = 0) -> Checkpoint | None:
        value = self.rows[partition].get(CHECKPOINT_KEY)
        return None if value is None else decode_checkpoint(value)


class BenchConsumer:
    """The tracker of each partition, and which generation of the group this worker is in."""

    hears_within = 0.0

    def __init__(self, notes: list[str]) -> None:
        self.trackers = {tp: OffsetTracker(tp) for tp in (SOURCE, OTHER)}
        for tracker in self.trackers.values():
            tracker.seek(0)
        self.generation = GENERATION
        self.confirmed = True
        self.confirmed_at = float("inf")
        self.waited_for: set[Batch] = set()
        self.rejoined = asyncio.Event()
        self.fetcher = SimpleNamespace(rejoin=self.rejoined.set)
        self._notes = notes

    def begin(self, batch: Batch) -> bool:
        return self.trackers[batch.tp].begin(batch)

    def forget(self, batch: Batch) -> None:
        self.waited_for.discard(batch)

    def give_up(self, batch: Batch) -> None:
        self.trackers[batch.tp].give_up(batch)
        self.forget(batch)

    def finish(self, batch: Batch) -> None:
        self._notes.append("ack")
        batch.acked = True
        self.trackers[batch.tp].forget_finished()
        self.forget(batch)

    def holds(self, batch: Batch) -> bool:
        return batch.message is not None and batch.message.generation_id == self.generation

    def is_current(self, batch: Batch) -> bool:
        return self.trackers[batch.tp].is_current(batch) and self.holds(batch)

    def confirmed_lately(self) -> bool:
        return self.confirmed


class FakeApp:
    def __init__(self, notes: list[str]) -> None:
        self._notes = notes
        self.conf = SimpleNamespace(id="stock-signals")
        self.batch_consumer = BenchConsumer(notes)
        self.producers = {tp: BenchProducer(tp, notes) for tp in (SOURCE, OTHER)}
        self.options = SimpleNamespace(
            transaction_seconds=15.0, transactional_id=lambda tp: f"stock-signals-{tp.topic}-{tp.partition}"
        )
        self.takeover = SimpleNamespace(again=self.take_over_again)
        #: Called when a partition is taken over once more: what its changelog holds goes to the table.
        self.restore: Callable[[TP], object] = lambda tp: None
        self.topic_ids = {SOURCE.topic: TOPIC_ID}
        self.waits: dict[TP | str, str] = {}
        self.should_stop = self.rebalancing = False
        self.threads = ThreadPoolExecutor(4)
        self.threads_closed = False
        self.crashes: list[BaseException] = []

    def take_over_again(self, tp: TP, should_continue: Callable[[], bool]) -> BenchProducer:
        """The same fake stands for the next producer, so that it knows all that was tried."""
        if not should_continue():
            raise Fenced("nobody waits")
        self._notes.append("take over")
        self.producers[tp].spent_at = None
        self.restore(tp)
        return self.producers[tp]

    async def crash(self, error: BaseException) -> None:
        self.crashes.append(error)


class Unreachable(Exception):
    """A service that the agent needs is away."""


class ProcessorBench:
    """An agent that takes what was fetched; `compute` makes an output and a row of each record.

    `options` are the processor's.
    """

    def __init__(self, **options: Any) -> None:
        #: What happened, in order.
        self.notes: list[str] = []
        self.app = FakeApp(self.notes)
        self.consumer, self.producer = self.app.batch_consumer, self.app.producers[SOURCE]
        self.tracker = self.consumer.trackers[SOURCE]
        self.table = FakeTable(self.notes)
        self.given: list[tuple[int, list[int]]] = []
        self.failures: list[Exception | None] = []
        self.idle = False
        self.events: list[Event] = []
        #: Called before the batch of that number is given to the processor.
        self.meanwhile: dict[int, Callable[[], object]] = {}
        self.processor = BatchProcessor(
            cast(Any, self.app), cast(Any, self.table), retriable=(NotCommitted, Unreachable), **options
        )
        self.processor.on_committed.append(lambda batch, seconds: self.notes.append("committed"))

    async def compute(self, batch: Batch) -> BatchResult:
        self.given.append((batch.partition, [record.offset for record in batch.records]))
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure
        result = BatchResult(done=lambda: self.notes.append("done"))
        if not self.idle:
            result.outputs = [ProducerRecord("out", r.key, r.value, batch.partition) for r in batch.records]
            result.rows = {r.key or b"": b"%d" % r.offset for r in batch.records}
        return result

    def fetch(self, *offsets: int, tp: TP = SOURCE, fetched: Sequence[Rec] | None = None) -> Batch:
        """What a fetch brings, on its way to the agent."""
        batch = self.consumer.trackers[tp].fetch(fetched or records(*offsets), offsets[-1] + 1)
        assert batch is not None
        self.events.append(event_of(self.app, batch, GENERATION))
        self.consumer.waited_for.add(batch)
        return batch

    async def _events(self) -> AsyncIterator[Event]:
        for number, event in enumerate(self.events):
            self.meanwhile.get(number, lambda: None)()
            yield event

    async def run(self) -> None:
        """Until all that was fetched is finished."""
        stream: Any = SimpleNamespace(noack=lambda: SimpleNamespace(events=self._events))
        async with asyncio.timeout(20):
            async for batch in self.processor.batches(stream):
                result = await self.processor.attempt(batch, lambda batch=batch: self.compute(batch))  # type: ignore[misc]
                if result is not None:
                    self.processor.commit(batch, result)
            while self.processor._tasks:
                await asyncio.wait(self.processor._tasks)

    @property
    def finished(self) -> int | None:
        """The offset that may be committed."""
        return self.tracker.committable()

    @property
    def offset(self) -> int | None:
        """That of the checkpoint in the table."""
        checkpoint = self.table.checkpoint()
        return checkpoint and checkpoint.offset

    @property
    def topics(self) -> list[list[str]]:
        """Those of the records of each transaction."""
        return [[record.topic for record in records] for records in self.producer.committed]


async def until(condition: Callable[[], bool]) -> None:
    """Let the event loop run until something is so."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  # What is awaited happens in threads, too.
            await asyncio.sleep(0.005)


def lose(bench: ProcessorBench) -> None:
    """The group gives the partitions to somebody else."""
    bench.consumer.generation = GENERATION + 1


def nothing_happened(bench: ProcessorBench) -> bool:
    return (bench.offset, bench.finished, bench.consumer.waited_for, "done" in bench.notes) == (None, 0, set(), False)
