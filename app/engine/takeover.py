"""Takes over assigned partitions: fences their last owners, restores their tables, then lets them be read."""

import asyncio
import gc
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from faust.types import TP

from app.engine.errors import Fenced, StoreFull
from app.engine.restorer import ChangelogRestorer
from app.engine.rights import NotAllowed
from app.engine.table import BatchTable
from app.engine.transaction import TransactionalProducer

if TYPE_CHECKING:
    from app.engine.app import BatchApp

log = logging.getLogger(__name__)

#: Pause before restoring is tried again on a disk that was full.
FULL_SECONDS = 2.0
_LOOK_SECONDS = 0.1

#: The key of a full disk in the app's `waits`.
_DISK = "disk"


class Takeover:
    """What a worker does between being assigned partitions and reading them.

    1. One transactional producer a source partition takes over its id. From then on nobody else can write to
       the changelog's partition, and its end is final.
    2. Each table is restored to that end, from its local database on.
    3. The state found is checked: made by a newer program or with other settings, it ends the worker.
    """

    def __init__(
        self,
        app: "BatchApp",
        *,
        producer: Callable[[Mapping[str, Any], str, float], TransactionalProducer] = TransactionalProducer,
        restorer: Callable[[Mapping[str, Any], str, BatchTable], ChangelogRestorer] = ChangelogRestorer,
    ) -> None:
        self._app = app
        self._make_producer = producer
        self._make_restorer = restorer
        self._restorer: ChangelogRestorer | None = None
        self._working: asyncio.Future[int] | None = None
        self._fencing_at = 0.0
        #: Held by a thread from before it fences until the table is restored: neither may happen within another's.
        self._one_at_a_time = threading.Lock()

    @property
    def asked_at(self) -> float:
        """When the broker was last asked for anything (monotonic seconds)."""
        restorer = self._restorer
        return max(self._fencing_at, restorer.asked_at if restorer else 0.0)

    def records_to_restore(self) -> int:
        """Changelog records still to be read; 0 when nothing is being restored."""
        restorer = self._restorer
        return sum(list(restorer.remaining.values())) if restorer else 0

    async def on_rebalance_complete(self, *_: Any, **__: Any) -> None:
        """Take over what the group has assigned; Faust awaits this before it seeks and reads the streams.

        A further rebalance cancels it. Raises OperatorError.
        """
        app = self._app
        generation_id, tables = app.consumer_generation_id, app.stream_tables()
        tps = {tp for tp in app.batch_consumer.stream_tps() if tp.topic in tables}

        def should_continue() -> bool:
            self._fencing_at = monotonic()
            return app.consumer_generation_id == generation_id and not app.should_stop

        try:
            await self.settled()
            log.info("Joined the group, generation id %d: taking over %d partitions", generation_id, len(tps))
            with _unless_stopped():
                self._working = asyncio.get_running_loop().run_in_executor(
                    app.threads, self._take_over, tps, tables, should_continue
                )
            started = monotonic()
            records = await asyncio.shield(self._working)
            log.info("Tables restored: %d records in %.1f s", records, monotonic() - started)
            for table in tables.values():
                partitions = frozenset(tp.partition for tp in tps if tp.topic == table.source_topic)
                for partition in partitions:
                    table.check(partition)
                table.activate(partitions)
        except Fenced as error:
            log.info("Not taken over: %s", error)
        except NotAllowed as error:
            wide = error.widened(app.options.rights)
            await app.crash(wide)
            raise wide from error
        except Exception as error:
            # Faust would only log it.
            await app.crash(error)
            raise

    async def settled(self) -> None:
        """Wait until no thread restores any more; to be awaited before databases are closed."""
        if self._working is not None:
            await asyncio.wait([self._working])

    def again(self, tp: TP, should_continue: Callable[[], bool]) -> TransactionalProducer:
        """Take over once more a partition whose producer is spent; blocks, in the partition's thread.

        Afterwards the last transaction is over: the coordinator has ended it, and if it was
        committed, the table has it. Nothing that librdkafka may still hold
        of it can be sent any more. Returns the new producer, of which a takeover that comes
        later makes a fenced one. Raises Fenced, OperatorError, KafkaException; StoreFull, after which it is
        to be called again.
        """
        app = self._app
        table = app.stream_tables()[tp.topic]
        with self._one_at_a_time:
            # A takeover that came first has the partition's state as it is; this thread's knowledge is old.
            if not should_continue():
                raise Fenced("the partition was assigned again meanwhile")
            del app.producers[tp]
            _collect()
            producer = self._producer(tp)
            producer.fence(should_continue)
            try:
                self._restorer_of(table).restore({tp.partition}, should_continue)
            except StoreFull:
                producer.spent_at = monotonic()
                app.producers[tp] = producer
                raise
            app.producers[tp] = producer
        return producer

    def _take_over(self, tps: set[TP], tables: dict[str, BatchTable], should_continue: Callable[[], bool]) -> int:
        """Fence and restore, in a thread; returns how many records were restored."""
        with self._one_at_a_time:
            # A generation that has passed meanwhile must not fence those who have the partitions now.
            if not should_continue():
                raise Fenced("the partitions were assigned again meanwhile")
            # A thread may still write by one of these; it is fenced now, and aborts by itself what it has open.
            self._app.producers.clear()
            _collect()
            self._fence(tps, should_continue)
            restored = 0
            for topic, table in tables.items():
                partitions = {tp.partition for tp in tps if tp.topic == topic}
                restorer = self._restorer = self._restorer_of(table)
                restored += self._restored(restorer, partitions, should_continue)
            return restored

    def _restored(self, restorer: ChangelogRestorer, partitions: set[int], should_continue: Callable[[], bool]) -> int:
        """Restore; while the disk is full, wait and say so."""
        while True:
            try:
                restored = restorer.restore(partitions, should_continue)
            except StoreFull as error:
                self._app.waits[_DISK] = str(error)
                log.warning("Restoring waits: %s", error)
                until = monotonic() + FULL_SECONDS
                while monotonic() < until:
                    if not should_continue():
                        self._app.waits.pop(_DISK, None)
                        raise Fenced("nobody waits for this takeover any more") from error
                    sleep(_LOOK_SECONDS)
            else:
                self._app.waits.pop(_DISK, None)
                return restored

    def _restorer_of(self, table: BatchTable) -> ChangelogRestorer:
        return self._make_restorer(self._app.options.consumer, table.changelog_name, table)

    def _producer(self, tp: TP) -> TransactionalProducer:
        options = self._app.options
        return self._make_producer(options.producer, options.transactional_id(tp), options.transaction_seconds)

    def _fence(self, tps: set[TP], should_continue: Callable[[], bool]) -> None:
        app = self._app
        producers = {tp: self._producer(tp) for tp in tps}
        # All at once: each waits for its coordinator, a longer time where a transaction was left open.
        with _unless_stopped():
            fencings = [app.threads.submit(producer.fence, should_continue) for producer in producers.values()]
        for fencing in fencings:
            fencing.result()
        app.producers.update(producers)


def _collect() -> None:
    """Let go of producers that failed, each with threads and queues of its own.

    They are kept by exceptions and frames that refer to each other, and the garbage collector may not run for hours.
    """
    gc.collect()


@contextmanager
def _unless_stopped() -> Iterator[None]:
    """Raise Fenced where there are no threads any more: a rebalance came while the worker was stopping."""
    try:
        yield
    except RuntimeError as error:
        raise Fenced("the worker has stopped") from error
