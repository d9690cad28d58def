"""Working through batches: outputs, then changelog, then store, then ack."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import cast

from faust import Stream
from faust.types import EventT, StreamT

from app import metrics
from app.dead_letters import LARGEST_VALUE_BYTES, dead_letter_headers
from app.engine.app import BatchApp
from app.engine.batch import Batch, Record
from app.engine.delivery import Abandoned, Delivery, NotDelivered, Outgoing
from app.engine.fence import Fence
from app.engine.mending import mend
from app.engine.points import Point
from app.engine.table import BatchTable
from app.registry import RegistryUnavailable
from app.serde import Poison

log = logging.getLogger(__name__)

#: Seconds to wait before doing a batch again that the broker or the registry did not take.
BACKOFF_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0)


@dataclass(slots=True)
class Work:
    """All that follows from one batch."""

    outputs: list[Outgoing] = field(default_factory=list)
    changes: dict[bytes, bytes] = field(default_factory=dict)
    poisoned: list[tuple[Record, Poison]] = field(default_factory=list)

    #: Called once everything is written; counts what happened.
    done: Callable[[], None] = lambda: None


Compute = Callable[[Batch, Sequence[Record]], Awaitable[Work]]

#: Told that a batch has come to a point; the work goes on when it returns.
Observer = Callable[[Point, Batch], Awaitable[None]]


async def unobserved(point: Point, batch: Batch) -> None:
    """Nobody looks on."""


class Worker:
    """Turns an agent's stream of batches into outputs and into the state of one table.

    `compute` gets the records that the table has not seen yet and says what
    follows from them; it reads the table but changes nothing, so it can be asked
    again. Bugs and unreadable state are fatal: they leave the batch un-acked and
    end the worker, whatever the broker or the registry cannot take is tried again.
    """

    def __init__(self, name: str, table: BatchTable, delivery: Delivery, dead_letters: str, compute: Compute) -> None:
        self._name = name
        self._table = table
        self._dead_letters = dead_letters
        self._compute = compute
        self.delivery = delivery
        self._writing = asyncio.Lock()
        #: Crash tests look on here.
        self.reached: Observer = unobserved

    async def run(self, stream: StreamT[Batch]) -> None:
        """Process the stream until it ends."""
        app = cast(BatchApp, stream.app)
        async for event in cast(Stream[Batch], stream).noack().events():
            batch = event.value
            try:
                if not app.batch_consumer.begin(batch):
                    app.batch_consumer.forget(event.message)
                    continue
                await self._until_written(event, batch, app.topic_ids[batch.tp.topic])
            except Abandoned:
                log.info("%s: batch %s given up", self._name, describe(batch))
                app.batch_consumer.give_up(event.message)
            except Exception:
                log.critical("%s failed at %s; it stays un-acked", self._name, describe(batch))
                raise
            else:
                await self.reached(Point.BEFORE_ACK, batch)
                event.ack()
                await self.reached(Point.AFTER_ACK, batch)

    async def mend(self) -> None:
        """Look for what other workers wrote to the changelog; to be called every LOOK_SECONDS."""
        async with self._writing:
            try:
                await mend(self._table, self.delivery)
            except (NotDelivered, Abandoned) as error:
                log.info("%s: the changelog is not mended yet (%r)", self._name, error)

    async def _until_written(self, event: EventT[Batch], batch: Batch, topic_id: str) -> None:
        app = cast(BatchApp, event.app)
        fence = Fence(app, batch.tp, event.message.generation_id)
        for delay in chain(BACKOFF_SECONDS, repeat(BACKOFF_SECONDS[-1])):
            try:
                async with self._writing:
                    await self._write(fence, batch, topic_id)
                app.troubles.pop(self._name, None)
                return
            except (NotDelivered, RegistryUnavailable) as error:
                kind = "broker" if isinstance(error, NotDelivered) else "registry"
                metrics.retries.labels(kind).inc()
                app.troubles[self._name] = f"{self._name} waits for the {kind}: {error}"
                log.warning("%s: %s, trying %s again in %g s", self._name, error, describe(batch), delay)
                if not fence.wanted():
                    raise Abandoned from error
                await asyncio.sleep(delay)

    async def _write(self, fence: Fence, batch: Batch, topic_id: str) -> None:
        started = time.monotonic()
        progress = self._table.progress(batch.partition, topic_id) or 0
        records = [record for record in batch.records if record.offset >= progress]
        work = await self._compute(batch, records)
        entries = self._table.entries(batch, topic_id, work.changes)
        await fence.pass_()
        await self.reached(Point.BEFORE_OUTPUTS, batch)
        await self.delivery.send([*work.outputs, *self._dead(batch, work.poisoned)], fence.wanted)
        await self.reached(Point.AFTER_OUTPUTS, batch)
        await fence.pass_()
        offset = await self.delivery.send(self._table.changelog(batch.partition, entries), fence.wanted)
        # A worker paused meanwhile may have sent these behind its successor's: then its store lacks what lies between.
        await fence.pass_()
        await self.reached(Point.AFTER_CHANGELOG, batch)
        self._table.store(batch.partition, entries, offset)
        await self.reached(Point.AFTER_STORE, batch)
        work.done()
        for _, poison in work.poisoned:
            metrics.dead_letters.labels(poison.reason).inc()
        metrics.batch_records.labels(self._name).observe(len(batch.records))
        metrics.batch_seconds.labels(self._name).observe(time.monotonic() - started)

    def _dead(self, batch: Batch, poisoned: Iterable[tuple[Record, Poison]]) -> list[Outgoing]:
        return [
            Outgoing(
                self._dead_letters,
                record.key,
                record.value and record.value[:LARGEST_VALUE_BYTES],
                batch.partition,
                dead_letter_headers(
                    poison.reason, poison, batch.tp.topic, batch.partition, record.offset, record.timestamp
                ),
            )
            for record, poison in poisoned
        ]


def describe(batch: Batch) -> str:
    """For example `stocks.raw.avro[3]@1200..1399`."""
    return f"{batch.tp.topic}[{batch.partition}]@{batch.start}..{batch.end - 1}"
