"""Gives batches to the agents, and writes the results of each batch in one transaction."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, TypeVar

from faust.types import StreamT

from app.engine.batch import Batch, BatchResult
from app.engine.checkpoint import CHECKPOINT_KEY, Checkpoint, encode_checkpoint
from app.engine.errors import Fenced, NotCommitted, OperatorError, ProducerLost, StoreFull
from app.engine.failpoints import Failpoint, Observer, unobserved
from app.engine.in_hand import InHand
from app.engine.rights import NotAllowed
from app.engine.table import BatchTable

if TYPE_CHECKING:
    from app.engine.app import BatchApp

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Seconds to wait before doing again what the broker or another service did not take.
BACKOFF_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0)

#: A batch that changes nothing moves the checkpoint at most so often, in seconds.
IDLE_CHECKPOINT_SECONDS = 1.0

RECHECK_SECONDS = 0.05

#: A transaction that takes so long is a reason not to be ready.
SLOW_SECONDS = 5.0


class BatchProcessor:
    """Gives agents one partition's batches one after another, and commits what they make of them.

    The first agent takes `batches`, the last one calls `commit`, which returns at once:
    while one partition's batch is written in a thread, the next partition's is computed.
    A partition's next batch is given only when the one before it is finished.

    `retriable` errors of the agents are waited out like those of the broker, and so is a full
    disk. Everything else is fatal: the batch stays un-acked and the worker ends.
    """

    def __init__(
        self,
        app: "BatchApp",
        table: BatchTable,
        *,
        retriable: tuple[type[Exception], ...] = (NotCommitted,),
        idle_checkpoint_seconds: float = IDLE_CHECKPOINT_SECONDS,
        slow_seconds: float = SLOW_SECONDS,
    ) -> None:
        self._app = app
        self._table = table
        self._idle_checkpoint_seconds = idle_checkpoint_seconds
        self._slow_seconds = slow_seconds
        self._retriable: tuple[type[Exception], ...] = (*retriable, StoreFull)
        self._in_hand = InHand()
        self._tasks: set[asyncio.Task[None]] = set()
        self._checkpointed: dict[int, float] = {}
        self._in_threads: set[asyncio.Future[None]] = set()
        #: Called with each batch that was committed and stored, and the seconds since an agent took it.
        self.on_committed: list[Callable[[Batch, float], None]] = []
        #: Called with each error that is waited out.
        self.on_retry: list[Callable[[Exception], None]] = []
        #: Called in a partition's thread with each transaction that ended: whether it was committed, and its seconds.
        self.on_transaction: list[Callable[[bool, float], None]] = []
        #: Crash tests watch the failpoints here.
        self.reached: Observer = unobserved
        table.before_close.append(self.drain)

    @property
    def records_in_hand(self) -> int:
        """How many records are being computed or written now; for any thread."""
        return self._in_hand.records

    async def batches(self, stream: StreamT[Batch]) -> AsyncIterator[Batch]:
        """The stream's batches, each once its partition's batch before it is finished."""
        async for event in stream.noack().events():  # type: ignore[attr-defined]
            batch: Batch = event.value
            batch.message = event.message
            # The two would refer to each other, and megabytes of records would stay until the garbage collector runs.
            event.message.value = None
            await self._in_hand.room_for(batch)
            if not self._app.batch_consumer.begin(batch):
                self._app.batch_consumer.forget(batch)
                continue
            self._in_hand.take(batch)
            batch.begun_at = time.monotonic()
            yield batch

    async def attempt(self, batch: Batch, work: Callable[[], Awaitable[T]]) -> T | None:
        """What `work` returns, tried again after retriable errors; None when the batch was dropped meanwhile."""
        try:
            for delay in _delays():
                try:
                    done = await work()
                except self._retriable as error:
                    await self._wait(batch, error, delay)
                else:
                    self._app.waits.pop(batch.tp, None)
                    return done
        except Fenced as error:
            self._drop(batch, error)
        except BaseException:
            log.critical("%s failed; it stays un-acked", batch, extra=batch.place)
            # The worker ends; a batch behind this one would move the checkpoint over it.
            self._app.batch_consumer.give_up(batch)
            self._in_hand.finish(batch)
            raise
        return None

    def commit(self, batch: Batch, result: BatchResult) -> None:
        """Write what follows from a batch, in the background."""
        self._in_background(self._commit(batch, result))

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def drain(self) -> None:
        """Wait until no thread writes any more; without partitions they end soon."""
        while self._in_threads:
            await asyncio.wait(self._in_threads)

    def should_continue(self, batch: Batch) -> bool:
        """Whether to go on with a batch: not without the partition, nor when leaving while the broker is away."""
        app, consumer = self._app, self._app.batch_consumer
        if not consumer.is_current(batch):
            return False
        return not (app.should_stop or app.rebalancing) or consumer.confirmed_lately()

    async def _commit(self, batch: Batch, result: BatchResult) -> None:
        partition = batch.partition
        try:
            self.reached(Failpoint.AFTER_FOLD, batch)
            if await self.attempt(batch, lambda: self._write_in_thread(batch, result)) is None:
                return
            self._app.batch_consumer.finish(batch)
            self.reached(Failpoint.AFTER_ACK, batch)
            for listener in self._table.on_rows:
                listener(partition, result.rows)
            result.done()
            for committed in self.on_committed:
                committed(batch, time.monotonic() - batch.begun_at)
        except Exception as error:  # noqa: BLE001  # The worker ends with it.
            self._app.batch_consumer.give_up(batch)
            try:
                if isinstance(error, NotAllowed):
                    await self._app.check()  # Where it finds which right is missing, that is the reason.
            finally:
                await self._app.crash(error)
        finally:
            self._in_hand.finish(batch)

    async def _write_in_thread(self, batch: Batch, result: BatchResult) -> bool:
        if self._app.threads_closed:
            raise Fenced("the worker has stopped")
        writing = asyncio.get_running_loop().run_in_executor(self._app.threads, self._write, batch, result)
        self._in_threads.add(writing)
        writing.add_done_callback(self._in_threads.discard)
        begun_at = time.monotonic()
        # Unlike `wait_for` it cancels nothing: a cancelled task must not hide a thread that still writes.
        while not (await asyncio.wait([writing], timeout=self._slow_seconds))[0]:
            seconds = time.monotonic() - begun_at
            self._app.waits[batch.tp] = f"the broker has taken nothing of {batch} for {seconds:.0f} s"
        writing.result()
        return True

    def _write(self, batch: Batch, result: BatchResult) -> None:
        """Write a batch, in a thread. A crash at any moment leaves a state from which the next owner goes on:

        0. After a transaction that failed: take the partition over again. If that transaction was committed after
           all, its rows and checkpoint are in the table then, and nothing is left to do.
        1. begin: nothing is visible.
        2. produce signals and dead letters, then changelog rows, then the checkpoint: nothing is visible; the
           next owner's `fence` aborts it, the coordinator does when nobody comes within the time limit.
        3. commit: all of it becomes visible to readers of committed records at once. After a crash before it the
           batch is read again from the old checkpoint; after it, reading goes on behind the batch.
        4. store: rows, checkpoint and changelog position go to RocksDB in one write. After a crash before it they
           are restored from the changelog, as the local position is behind. Where the disk is full, the batch goes
           on at 0 once there is room; until then its partition's next batch does not begin.
        5. ack, in the event loop: the group's offset may move. It is for lag monitors only.
        6. call the listeners: index and metrics. Both live in memory; the next start builds them again.

        Raises what app.engine.transaction raises, and StoreFull.
        """
        app, table, partition = self._app, self._table, batch.partition
        now = time.monotonic()
        producer = app.producers.get(batch.tp)
        # In this order: a takeover in between puts a producer there that could still write.
        if producer is None or not app.batch_consumer.is_current(batch):
            raise Fenced("the partition was assigned again meanwhile")
        if producer.spent_at is not None:
            table.check_room(partition)
            if app.batch_consumer.confirmed_at < producer.spent_at:
                raise NotCommitted("the broker has not confirmed since that this worker has the partition")
            producer = app.takeover.again(batch.tp, lambda: self.should_continue(batch))
            found = table.checkpoint(partition)
            if found is not None and (found.topic_id, found.offset) == (app.topic_ids[batch.tp.topic], batch.end):
                return
        changes_nothing = not (result.outputs or result.rows)
        if changes_nothing and now - self._checkpointed.get(partition, 0.0) < self._idle_checkpoint_seconds:
            return  # It would only move the checkpoint; reading this batch again would change nothing either.
        checkpoint = encode_checkpoint(Checkpoint(app.topic_ids[batch.tp.topic], batch.end, table.state_text))
        entries = {**result.rows, CHECKPOINT_KEY: checkpoint}
        changelog = table.changelog_name
        with self._observed():
            offset = producer.commit(
                batch,
                result.outputs,
                list(zip(repeat(changelog), entries, entries.values(), repeat(partition), repeat(None))),
                lambda: self.should_continue(batch),
                self.reached,
            )
        self._checkpointed[partition] = now
        self.reached(Failpoint.AFTER_COMMIT, batch)
        if not app.batch_consumer.is_current(batch):
            raise Fenced("the partition was given away after the commit")
        try:
            table.restore(partition, entries, offset + 1)
        except StoreFull:
            producer.spent_at = time.monotonic()
            raise
        self.reached(Failpoint.AFTER_STORE, batch)

    @contextmanager
    def _observed(self) -> Iterator[None]:
        """Call the listeners with the outcome and the duration of the transaction inside the block."""
        begun_at, committed = time.monotonic(), False
        try:
            yield
            committed = True
        finally:
            for listener in self.on_transaction:
                listener(committed, time.monotonic() - begun_at)

    async def _wait(self, batch: Batch, error: Exception, delay: float) -> None:
        self._app.waits[batch.tp] = str(error)
        for listener in self.on_retry:
            listener(error)
        log.warning("%s: %s; trying again in %g s", batch, error, delay, extra=batch.place)
        if not self.should_continue(batch):
            raise Fenced("nobody waits for this batch any more") from error
        if isinstance(error, StoreFull) and (self._app.should_stop or self._app.rebalancing):
            # It may take hours; the partition's next owner restores it from the changelog.
            raise ProducerLost("the partition is given away while its disk is full") from error
        await asyncio.sleep(delay)

    def _drop(self, batch: Batch, why: Fenced) -> None:
        """Forget a batch and what memory says of its partition; the next owner does it again, perhaps this worker."""
        log.info("%s dropped: %s", batch, why, extra=batch.place)
        consumer = self._app.batch_consumer
        had = consumer.is_current(batch)
        consumer.give_up(batch)
        for listener in self._table.on_dropped:
            listener(batch.partition)
        self._app.waits.pop(batch.tp, None)
        self._in_hand.finish(batch)
        if had and not self._app.should_stop:
            self._in_background(self._regain(batch, why))

    async def _regain(self, batch: Batch, why: Fenced) -> None:
        """Get a partition going again whose producer was fenced though the group says that it is this worker's.

        A rebalance on its way would explain it, so wait whether one comes. Otherwise the coordinator has given
        up a transaction that took too long, or forgotten it in a crash: join the group again, which fences and
        restores everything as at the start. Or somebody else uses the id, which a person must mend.
        """
        app, consumer = self._app, self._app.batch_consumer
        fenced_at = time.monotonic()
        while consumer.confirmed_at < fenced_at + consumer.hears_within or app.rebalancing:
            if app.should_stop or not consumer.holds(batch):
                return
            await asyncio.sleep(RECHECK_SECONDS)
        if not isinstance(why, ProducerLost) and fenced_at - batch.begun_at < app.options.transaction_seconds:
            await app.crash(
                OperatorError(
                    f"Another program has taken over the transactional id {app.options.transactional_id(batch.tp)}, "
                    f"although the group {app.conf.id} gave {batch.tp.topic}[{batch.partition}] to this worker. "
                    "Stop that program, then start this worker again"
                )
            )
            return
        log.warning("%s: its transaction was given up by the broker; joining the group again", batch, extra=batch.place)
        consumer.fetcher.rejoin()


def _delays() -> Iterator[float]:
    return chain(BACKOFF_SECONDS, repeat(BACKOFF_SECONDS[-1]))
