"""A Faust app made for batches: the settings the engine relies on, its checks at the start, its watchdog."""

import asyncio
import gc
from collections.abc import Callable
from contextlib import ExitStack
from time import monotonic
from typing import Any, cast

import faust
from faust.assignor.partition_assignor import PartitionAssignor
from faust.tables.manager import TableManager
from faust.types import TP
from mode import Service

from app import metrics
from app.broker import Broker, BrokerUnavailable
from app.clients import ClusterMissing, endpoints, faust_credentials, producer_config
from app.engine.address import advertised_host, check_address, member_name
from app.engine.boot import ApiFirst, CheckedWorker
from app.engine.consumer import BatchConsumer
from app.engine.datadir import claim, drop_old_logs
from app.engine.delivery import Delivery
from app.engine.fence import MARGIN
from app.engine.schema import BatchSchema
from app.engine.table import BatchTable
from app.errors import StocksError
from app.listen import listen
from app.settings import Settings
from app.topic_admin import check_unchanged, ensure_topics
from app.topics import LARGEST_RECORD_BYTES

COMMIT_SECONDS = 1.0

#: A worker that has not asked for records for so long is stuck and ends itself.
STUCK_SECONDS = 120.0

#: New objects between two collections: a batch makes thousands, all gone when it is done. Python's default is 700.
GC_THRESHOLD = 10_000

#: Batches that may wait for an agent, and for the restoring of tables.
QUEUED_BATCHES = 8


class BatchApp(faust.App):
    """The Faust app of one deployment.

    Where there is no cluster a worker does not start (see `prepare`), but
    Faust's other commands, `--help` among them, do without one.
    """

    BootStrategy = ApiFirst

    def __init__(self, settings: Settings) -> None:
        self._no_cluster: ClusterMissing | None = None
        try:
            kafka, schema_registry = endpoints(settings)
        except ClusterMissing as error:
            self._no_cluster = error
            kafka, schema_registry = "127.0.0.1:9092", "http://127.0.0.1:8081"
        self.settings = settings = settings.model_copy(
            update={"kafka_bootstrap": kafka, "schema_registry_url": schema_registry}
        )
        #: What answers on API_PORT; set before the worker starts.
        self.asgi_app: Any = None
        #: Kafka's ids of the topics, by name; known once the worker has started.
        self.topic_ids: dict[str, str] = {}
        #: What keeps an agent waiting, by agent: a sentence for people.
        self.troubles: dict[str, str] = {}
        self._held = ExitStack()
        self._broker: Broker | None = None
        self._incomplete_since = monotonic()
        metrics.recovering.set_function(lambda: not self.tables.actives_ready)
        super().__init__(
            settings.id,
            broker=[f"kafka-batched://{address}" for address in kafka.split(",")],
            broker_credentials=faust_credentials(settings),
            broker_client_id=member_name(settings),
            broker_session_timeout=settings.session_seconds,
            broker_heartbeat_interval=0.3 * settings.session_seconds,
            broker_commit_interval=COMMIT_SECONDS,
            datadir=str(settings.data_dir),
            store="rocksdb://",
            Schema=BatchSchema,
            Worker=CheckedWorker,
            web_bind=settings.api_host,
            web_host=advertised_host(settings),
            web_port=settings.api_port,
            stream_buffer_maxsize=QUEUED_BATCHES,
            # A rebalance waits for the batch in hand, so that its offsets still commit.
            stream_wait_empty=True,
            stream_recovery_delay=0.0,
            topic_partitions=settings.partitions,
            topic_replication_factor=settings.replication_factor,
            # They are there by then (see prepare); Faust would ask for them again, and crash where no broker answers.
            topic_allow_declare=False,
            topic_disable_leader=True,
            table_standby_replicas=0,
        )

    def batches(self, topic: str) -> Any:
        """The topic as a channel of batches, for an agent."""
        return self.topic(topic, value_type=bytes)

    def delivery(self) -> Delivery:
        """A producer for one agent; what the broker has not taken within the session is given up."""
        config = producer_config(self.settings) | {"message.max.bytes": LARGEST_RECORD_BYTES}
        return Delivery(config, patience=MARGIN * self.settings.session_seconds)

    @property
    def batch_consumer(self) -> BatchConsumer:
        """The consumer."""
        return cast(BatchConsumer, self.consumer)

    async def on_start(self) -> None:
        """Set up the consumer before it starts."""
        if not self.topic_ids:
            await asyncio.to_thread(self.prepare)
        self.batch_consumer.state_offset = self._state_offset
        self.batch_consumer.fetcher.batch_max = self.settings.batch_max
        await super().on_start()
        # What is loaded by now stays; without this each full collection looks through it again.
        gc.freeze()
        gc.set_threshold(GC_THRESHOLD)

    def prepare(self) -> None:
        """See that the port is free, create or check the topics, claim the data folder. Raises StocksError."""
        if self._no_cluster:
            raise self._no_cluster
        if self.asgi_app is not None and self.conf.web_enabled:
            listen("API_PORT", self.conf.web_bind, self.conf.web_port).close()
        self.topic_ids = ensure_topics(self.settings)
        self._broker = Broker(self.settings)
        cluster_id = self._broker.metadata().cluster_id
        self._held.enter_context(claim(self.settings.data_dir, f"{self.settings.id} on cluster {cluster_id}"))
        drop_old_logs(self.settings.data_dir)

    def on_rebalance_start(self) -> None:
        """Note when the tables ceased to be complete."""
        self._incomplete_since = monotonic()
        super().on_rebalance_start()

    def on_rebalance_end(self) -> None:
        """Let the streams be read, and note how long it took until the tables were complete again."""
        super().on_rebalance_end()
        self.batch_consumer.open_streams()
        metrics.recovery_seconds.set(monotonic() - self._incomplete_since)

    async def on_stop(self) -> None:
        """Release the data folder last."""
        await super().on_stop()
        self._held.close()

    def stream_tables(self) -> dict[str, BatchTable]:
        """The table that each source topic feeds."""
        return {table.source_topic: table for table in self.tables.values() if isinstance(table, BatchTable)}

    def _state_offset(self, tp: TP) -> int | None:
        table = self.stream_tables().get(tp.topic)
        return None if table is None else table.progress(tp.partition, self.topic_ids[tp.topic])

    async def lag(self) -> dict[TP, int]:
        """Records between what is finished and the end as the broker has it now, by stream partition of this worker.

        What is finished is looked up before the ends: its outputs are in the
        next topic by then, so all is 0 only when nothing is left to do. Empty
        while the broker does not answer.
        """
        consumer = self.batch_consumer
        finished = {tp: consumer.finished(tp) for tp in consumer.stream_tps()}
        ends = await consumer.fetcher.ends(set(finished))
        return {tp: max(ends[tp] - done, 0) for tp, done in finished.items() if done is not None and tp in ends}

    def records_to_restore(self) -> int:
        """Changelog records that the running recovery has still to read; 0 when none runs."""
        recovery = cast(TableManager, self.tables).recovery
        return recovery.active_remaining_total() if recovery.in_recovery else 0

    def holder(self, topic: str, partition: int) -> str | None:
        """The base URL of the worker that was assigned a changelog's partition; None when none is known."""
        for url, topics in cast(PartitionAssignor, self.assignor).changelog_distribution.items():
            if partition in topics.get(topic, ()):
                return str(url)
        return None

    async def watch_topics(self) -> None:
        """End a worker whose topics were changed under it; to be called every few seconds."""
        await self._end_unless(check_unchanged, self.topic_ids)

    async def see_address(self) -> None:
        """End a worker that says it is where another one is; to be called once the group has admitted it."""
        if self.conf.web_enabled:
            await self._end_unless(check_address)

    async def _end_unless(self, check: Callable[..., None], *args: Any) -> None:
        try:
            await asyncio.to_thread(check, self._broker, self.settings, *args)
        except BrokerUnavailable:
            pass  # The agents notice, wait, and say so.
        except StocksError as error:
            self.log.critical("%s", error)
            await self.crash(error)

    @Service.task
    async def _watch_polling(self) -> None:
        # Faust starts timers only when the tables are restored.
        async for _ in self.itertimer(1.0, name="polling"):
            await self.end_when_stuck()
            self.look_for_work()

    async def end_when_stuck(self) -> None:
        """End a worker that has partitions and no longer asks for records; to be called every second or so."""
        polled_at = self.batch_consumer.fetcher.polled_at
        idle = 0.0 if polled_at is None else monotonic() - polled_at
        if idle > STUCK_SECONDS:
            await self.crash(RuntimeError(f"no records asked for in {idle:.0f} s: the worker is stuck"))

    def look_for_work(self) -> None:
        """See whether there are topics to be assigned while this worker has no partition; to be called every second."""
        fetcher = self.batch_consumer.fetcher
        if fetcher.polled_at is None:
            fetcher.ask_for_topics()

    async def watch(self) -> None:
        """Measure the lag; to be called every second or so."""
        lags = await self.lag()
        metrics.lag_records.clear()
        metrics.assigned_partitions.clear()
        for tp, lag in lags.items():
            metrics.lag_records.labels(tp.topic, str(tp.partition)).set(lag)
            metrics.assigned_partitions.labels(tp.topic).inc()
