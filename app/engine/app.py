"""The Faust app for batches: the settings on which the engine relies, and taking partitions over."""

import asyncio
import gc
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple, cast

from faust.assignor.partition_assignor import PartitionAssignor
from faust.types import TP

from app.engine.batch_schema import BatchSchema
from app.engine.boot import ApiFirst, CheckedWorker
from app.engine.consumer import BatchConsumer, OnDeleted
from app.engine.datadir import check_usable, claim, drop_old_logs
from app.engine.in_words import in_words
from app.engine.private import GroupMember
from app.engine.rights import Right
from app.engine.table import BatchTable
from app.engine.table_manager import PromptTableManager
from app.engine.takeover import Takeover
from app.engine.transaction import TransactionalProducer
from app.engine.watched_app import WatchedApp

log = logging.getLogger(__name__)

COMMIT_SECONDS = 1.0

#: How often a worker tells its group that it lives. So it hears that another one joins, who waits meanwhile.
HEARTBEAT_SECONDS = 1.0

#: Some thirty years.
NEVER_SECONDS = 1e9

#: How long a request may take, as usual in Faust; no consumer is made whose session is longer than that.
REQUEST_SECONDS = 90.0

#: New objects between two collections: the batches in hand have tens of thousands, all gone when they are done.
#: Python's default is 700.
GC_THRESHOLD = 50_000

#: Batches that may wait for an agent.
QUEUED_BATCHES = 8

#: Threads that write batches and take partitions over; more partitions take turns.
THREADS = 16


class Prepared(NamedTuple):
    """What the cluster answered before the start: Kafka's topic ids by name, and the owner of the data folder."""

    topic_ids: Mapping[str, str]
    owner: str


@dataclass(frozen=True, kw_only=True)
class EngineOptions:
    """All that the engine needs to know of its deployment.

    `id` is the consumer group, and begins the names of changelogs and transactional
    ids. `producer` and `consumer` are configurations for librdkafka. `prepare` is called
    before anything starts, `check` every few seconds while the worker runs, with the members
    of its group; both raise OperatorError for what a person must mend.
    """

    id: str
    brokers: Sequence[str]
    credentials: Any
    client_id: str
    producer: Mapping[str, Any]
    consumer: Mapping[str, Any]
    partitions: int
    replication_factor: int
    session_seconds: float
    #: When the coordinator aborts a transaction by itself: a little after its writer's session has expired.
    transaction_seconds: float
    batch_max: int
    data_dir: Path
    web_bind: str
    web_host: str
    web_port: int
    prepare: "Callable[[BatchApp], Prepared]"
    check: "Callable[[BatchApp, Sequence[GroupMember]], None]" = field(default=lambda app, members: None)
    on_deleted: OnDeleted = field(default=lambda topic, count: None)
    #: All that its credentials need, for errors that say what to give.
    rights: Sequence[Right] = ()
    #: What runs the app on the command line.
    worker: type[CheckedWorker] = CheckedWorker

    def transactional_id(self, tp: TP) -> str:
        """The transactional id of a source partition's only writer."""
        return f"{self.id}-{tp.topic}-{tp.partition}"


class BatchApp(WatchedApp):
    """The Faust app of one worker.

    Nothing is asked or opened before `prepare`, so Faust's other commands, `--help`
    among them, do without a cluster.
    """

    BootStrategy = ApiFirst

    def __init__(self, options: EngineOptions) -> None:
        self.options = options
        #: The ASGI application on the web port; set before the worker starts.
        self.asgi_app: Any = None
        #: Options for the server of that, uvicorn; asked for when the worker starts.
        self.asgi_options: Callable[[], Mapping[str, Any]] = dict
        #: Kafka's ids of the topics, by name; known once the worker is prepared.
        self.topic_ids: Mapping[str, str] = {}
        #: Whose worker this is, such as `stock-signals on cluster 5L6g3nShT-eMCtK--X86sw`; known once it is prepared.
        self.owner: str | None = None
        #: What keeps partitions waiting: sentences for people.
        self.waits: dict[TP | str, str] = {}
        #: The writer of each source partition held.
        self.producers: dict[TP, TransactionalProducer] = {}
        #: Called with the seconds that each recovery took.
        self.on_recovered: list[Callable[[float], None]] = []
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="partition")
        self.threads_closed = False
        self.takeover = Takeover(self)
        self._held = ExitStack()
        self._incomplete_since = monotonic()
        super().__init__(
            options.id,
            broker=[f"kafka-batched://{address}" for address in options.brokers],
            broker_credentials=options.credentials,
            broker_client_id=options.client_id,
            broker_session_timeout=options.session_seconds,
            broker_request_timeout=max(REQUEST_SECONDS, options.session_seconds),
            broker_heartbeat_interval=min(HEARTBEAT_SECONDS, 0.3 * options.session_seconds),
            broker_commit_interval=COMMIT_SECONDS,
            # A member without partitions never asks for records. aiokafka would leave the group for that, for ever.
            broker_max_poll_interval=NEVER_SECONDS,
            # What retention deleted before it was read is to be named and counted, not passed over in silence.
            consumer_auto_offset_reset="none",
            datadir=str(options.data_dir),
            store="rocksdb://",
            Schema=BatchSchema,
            TableManager=PromptTableManager,
            Worker=options.worker,
            web_bind=options.web_bind,
            web_host=options.web_host,
            web_port=options.web_port,
            stream_buffer_maxsize=QUEUED_BATCHES,
            # A rebalance waits for the batches in hand, so that they still commit.
            stream_wait_empty=True,
            stream_recovery_delay=0.0,
            # The engine restores the tables, Faust has nothing to compare.
            recovery_consistency_check=False,
            topic_partitions=options.partitions,
            topic_replication_factor=options.replication_factor,
            # They are there by then (see prepare); Faust would ask for them again, and crash where no broker answers.
            topic_allow_declare=False,
            topic_disable_leader=True,
            table_standby_replicas=0,
        )
        self.on_rebalance_complete.connect(self.takeover.on_rebalance_complete, weak=False)

    def batches(self, topic: str) -> Any:
        """The topic as a channel of batches, for an agent."""
        return self.topic(topic, value_type=bytes)

    @property
    def batch_consumer(self) -> BatchConsumer:
        """The consumer."""
        return cast(BatchConsumer, self.consumer)

    async def on_start(self) -> None:
        """Set up the consumer before it starts."""
        if not self.topic_ids:
            await asyncio.to_thread(self.prepare)
        self.batch_consumer.state_offset = self._state_offset
        self.batch_consumer.on_deleted = self.options.on_deleted
        self.batch_consumer.fetcher.batch_max = self.options.batch_max
        await super().on_start()
        # What is loaded by now stays; without this each full collection looks through it again.
        gc.freeze()
        gc.set_threshold(GC_THRESHOLD)

    def prepare(self) -> None:
        """Check that the worker can work, and claim the data folder. Raises OperatorError."""
        check_usable(self.options.data_dir)
        self.topic_ids, owner = self.options.prepare(self)
        self._held.enter_context(claim(self.options.data_dir, owner))
        self.owner = owner
        drop_old_logs(self.options.data_dir)

    def on_rebalance_start(self) -> None:
        """Note when the tables ceased to be complete."""
        self._incomplete_since = monotonic()
        super().on_rebalance_start()

    def on_rebalance_end(self) -> None:
        """Let the streams be read, and note how long it took until the tables were complete again."""
        if self.batch_consumer.assigned_in != self.rebalancing_count:
            # The next rebalance has begun, and will end. Faust has just said that the tables are ready.
            self.tables.on_rebalance_start()
            return
        super().on_rebalance_end()
        self.batch_consumer.open_streams()
        log.info("Worker ready: it has %s", in_words(self.batch_consumer.stream_tps()))
        for listener in self.on_recovered:
            listener(monotonic() - self._incomplete_since)

    async def on_stop(self) -> None:
        """Release the data folder last."""
        await super().on_stop()
        self.threads_closed = True
        self.threads.shutdown(wait=False, cancel_futures=True)
        self._held.close()

    def stream_tables(self) -> dict[str, BatchTable]:
        """The table that each source topic feeds."""
        return {table.source_topic: table for table in self.tables.values() if isinstance(table, BatchTable)}

    def _state_offset(self, tp: TP) -> int | None:
        table = self.stream_tables().get(tp.topic)
        return None if table is None else table.source_offset(tp.partition, self.topic_ids[tp.topic])

    async def lag(self) -> dict[TP, int]:
        """Records between what is finished and the end as the broker has it now, by source partition of this worker.

        What is finished is looked up before the ends, and everything that follows from it
        is committed by then, so all is 0 only when nothing is left to do. Empty while the
        broker does not answer.
        """
        consumer = self.batch_consumer
        finished = {tp: consumer.finished(tp) for tp in consumer.stream_tps()}
        ends = await consumer.fetcher.ends(set(finished))
        return {tp: max(ends[tp] - done, 0) for tp, done in finished.items() if done is not None and tp in ends}

    def holder(self, topic: str, partition: int) -> str | None:
        """The base URL of the worker that was assigned a changelog's partition; None when none is known."""
        for url, topics in cast(PartitionAssignor, self.assignor).changelog_distribution.items():
            if partition in topics.get(topic, ()):
                return str(url)
        return None
