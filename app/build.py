"""Puts a worker together: clients, the table, the two agents, the API, and what measures them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import lru_cache

from agents.indicators import IndicatorsAgent
from agents.signals import SignalsAgent
from app import metrics
from app.access.asking import authorization
from app.asgi.protocol import server_options
from app.avro.columns import ColumnDecoder
from app.avro.registry import RegistryUnavailable
from app.calendar.sessions import session_gap
from app.domain.check_rule import check_rule
from app.domain.rule import RuleError
from app.engine.app import BatchApp
from app.engine.batch import Batch
from app.engine.errors import NotCommitted, StoreFull
from app.engine.handoff import Handoff
from app.engine.processor import BatchProcessor
from app.kafka.clients import registry
from app.kafka.engine_options import EngineSetup
from app.kafka.record_encoder import RecordEncoder
from app.kafka.stall_watch import StallWatch
from app.kafka.topics import topics
from app.logs.minute import Minutes
from app.logs.traces import Traces, traces
from app.settings import Settings, SettingsError
from tables.windows import WindowsTable
from web.access.policy import access
from web.http_connection import WithConnection
from web.main import create_app
from web.stream import Push
from web.stream.hub import Hub
from web.stream.topic import SignalTopic
from web.tables_reader import TablesReader
from web.workers.gather import WorkerGroup
from web.workers.worker_client import WorkerClient

log = logging.getLogger(__name__)

#: Not more often: confluent-kafka never frees the id of a topic that it has described, some 100 bytes.
CHECK_SECONDS = 15.0

#: How often to look for transactions that nobody ends.
STALL_SECONDS = 5.0

#: How often a worker says what it did.
REPORT_SECONDS = 60.0


class StocksApp(BatchApp):
    """The Faust app of a worker, and the parts of it that tests look at."""

    table: WindowsTable
    processor: BatchProcessor
    reader: TablesReader
    group: WorkerGroup
    push: Push
    traces: Traces | None

    async def stop(self) -> None:
        """Stop the worker, its streams first: they would have the API's server wait."""
        self.push.close()
        await super().stop()
        await self.group.close()
        if self.traces is not None:
            await asyncio.to_thread(self.traces.close)


def build(settings: Settings) -> StocksApp:
    """Build a worker with these settings. It opens no connection before it starts."""
    cluster = EngineSetup(settings)
    settings, all_topics = cluster.settings, topics(cluster.settings)
    schema_registry = registry(settings)
    app = StocksApp(cluster.options())

    _check_rule(settings)
    app.table = table = WindowsTable(
        app,
        strategy=settings.strategy,
        keep_bars=settings.keep_bars,
        source_topic=all_topics.raw.name,
        partitions=all_topics.raw.partitions,
    )
    app.tables.add(table)
    app.processor = processor = BatchProcessor(app, table, retriable=(NotCommitted, RegistryUnavailable))
    folded = Handoff(app)
    decoder = ColumnDecoder(schema_registry, "bar")
    IndicatorsAgent(table, decoder, session_gap()).register(app, all_topics.raw.name, processor, folded)
    encoder = RecordEncoder(all_topics.signals, schema_registry)
    SignalsAgent(table, encoder, all_topics.dead_letters.name).register(app, processor, folded)

    app.reader = TablesReader(app, table, settings, in_hand=lambda: processor.records_in_hand)
    app.timer(STALL_SECONDS)(_watch_stalls(app, settings))
    app.group = WorkerGroup(app.reader, WorkerClient(headers=authorization(settings)))
    app.push = Push(Hub(SignalTopic(settings), in_hand=lambda: processor.records_in_hand), app.reader, app.group)
    app.asgi_app = WithConnection(create_app(app.reader, app.push, app.group, access(settings)))
    app.asgi_options = lambda: server_options(settings.api_max_connections)
    _measure(app)
    _report(app)
    app.traces = traces(settings, settings.id)
    if app.traces is not None:
        processor.on_committed.append(app.traces.batch)
    app.timer(CHECK_SECONDS)(app.check)
    app.task(app.check)
    app.task(_await_registry(app, cluster))
    return app


def _check_rule(settings: Settings) -> None:
    """Raise SettingsError when a rule of one's own does what no rule may."""
    if settings.strategy.own_rule:
        try:
            check_rule(settings.strategy)
        except RuleError as error:
            raise SettingsError([f"STRATEGY={settings.rule}: {error}"]) from None


def _await_registry(app: StocksApp, cluster: EngineSetup) -> Callable[[], Awaitable[None]]:
    async def wait() -> None:
        await cluster.await_registry(app)

    return wait


def _watch_stalls(app: StocksApp, settings: Settings) -> Callable[[], Awaitable[None]]:
    """Make the task that looks for transactions that nobody ends, and that keep this worker's readers waiting."""
    watch = lru_cache(maxsize=1)(lambda: StallWatch(settings))  # Its client connects as it is made.

    async def look() -> None:
        app.reader.stalls = await asyncio.to_thread(lambda: watch().look(app.table.active))

    return look


def _measure(app: StocksApp) -> None:
    """Have the metrics follow what the worker does."""

    def committed(batch: Batch, seconds: float) -> None:
        metrics.batch_records.observe(len(batch.records))
        metrics.batch_seconds.observe(seconds)

    def retried(error: Exception) -> None:
        kind = "broker" if isinstance(error, NotCommitted) else "disk" if isinstance(error, StoreFull) else "registry"
        metrics.retries.labels(kind).inc()

    def transaction(committed: bool, seconds: float) -> None:
        metrics.transaction_seconds.labels("committed" if committed else "aborted").observe(seconds)

    async def lag() -> None:
        lags, held = await app.lag(), app.batch_consumer.stream_tps()
        app.reader.note_lags(lags)
        metrics.lag_records.clear()
        for tp, records in lags.items():
            metrics.lag_records.labels(tp.topic, str(tp.partition)).set(records)
        metrics.assigned_partitions.labels(app.table.source_topic).set(len(held))

    metrics.partitions.labels(app.table.source_topic).set(app.options.partitions)
    # They begin at 0, so that the first event shows as an increase.
    metrics.deleted_records.labels(app.table.source_topic)
    metrics.ready.set_function(lambda: app.reader.readiness().ready)
    metrics.recovering.set_function(lambda: not app.tables.actives_ready)
    app.on_recovered.append(metrics.recovery_seconds.set)
    app.processor.on_committed.append(committed)
    app.processor.on_retry.append(retried)
    app.processor.on_transaction.append(transaction)
    app.timer(1.0)(lag)


def _report(app: StocksApp) -> None:
    """Have the worker say once a minute what it does."""
    minutes = Minutes()

    async def report() -> None:
        lags = await app.lag()
        held = app.batch_consumer.stream_tps()
        log.info("%s", minutes.line(sum(lags.values()) if lags or not held else None))

    app.timer(REPORT_SECONDS)(report)
