"""The worker's Prometheus metrics. The agents and the engine update them, GET /metrics shows them.

Increment once a batch, not once a record. No label holds a symbol, a run or
a message: every label's values are few and known.
"""

from importlib.metadata import version
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, GCCollector, Histogram, ProcessCollector

from app.avro.serde import Reason
from app.domain.outcome import Outcome
from app.domain.records import Action
from app.metrics.market import MarketOpen
from app.metrics.newest_bar import NewestBar
from app.metrics.stalled_partitions import StalledPartitions

registry = CollectorRegistry()
"""Our own, so that a library's metrics do not appear in ours."""

ProcessCollector(registry=registry)
GCCollector(registry=registry)

bars = Counter(
    "stocks_bars",
    "Bars processed, by what happened to them.",
    ["outcome"],
    registry=registry,
)
signals = Counter("stocks_signals", "Signals emitted, by action.", ["action"], registry=registry)
dead_letters = Counter(
    "stocks_dead_letters", "Records sent to the dead letters, by reason.", ["reason"], registry=registry
)
retries = Counter(
    "stocks_retries",
    "Waits for something that should come back, by what was unreachable or full.",
    ["kind"],
    registry=registry,
)
deleted_records = Counter(
    "stocks_deleted_records",
    "Records that retention deleted before this worker read them, by topic: they are lost.",
    ["topic"],
    registry=registry,
)
batch_records = Histogram(
    "stocks_batch_records",
    "Records in one batch.",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000),
    registry=registry,
)
batch_seconds = Histogram(
    "stocks_batch_seconds",
    "Seconds from when an agent takes a batch until it is committed and stored.",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30),
    registry=registry,
)
transaction_seconds = Histogram(
    "stocks_transaction_seconds",
    "Seconds of one transaction, by how it ended: committed, or aborted and its batch written again by the owner.",
    ["outcome"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30),
    registry=registry,
)
lag_records = Gauge(
    "stocks_lag_records",
    "Records not yet processed: from the end of what is committed to the end of the partition.",
    ["topic", "partition"],
    registry=registry,
)
assigned_partitions = Gauge(
    "stocks_assigned_partitions", "Partitions this worker holds, by topic.", ["topic"], registry=registry
)
partitions = Gauge(
    "stocks_partitions",
    "Partitions there are in all, by topic: the workers' assigned partitions must add up to it.",
    ["topic"],
    registry=registry,
)
ready = Gauge("stocks_ready", "1 while GET /ready answers 200, else 0.", registry=registry)
recovering = Gauge("stocks_recovering", "1 while tables are being restored, else 0.", registry=registry)
recovery_seconds = Gauge("stocks_recovery_seconds", "Seconds the last recovery of the tables took.", registry=registry)
streams_open = Gauge("stocks_streams_open", "Clients of GET /stream that are connected now.", registry=registry)
registry.register(MarketOpen())

newest_bar = NewestBar()
registry.register(newest_bar)

stalled = StalledPartitions()
registry.register(stalled)

Gauge("stocks_build_info", "Always 1; the version of the program that runs.", ["version"], registry=registry).labels(
    version("stock-signals")
).set(1)

# A series that starts at 0 is what lets an alert see the first increment.
for _counter, _values in (
    (bars, tuple(Outcome)),
    (signals, get_args(Action)),
    (dead_letters, get_args(Reason)),
    (retries, ("broker", "registry", "disk")),
    (transaction_seconds, ("committed", "aborted")),
):
    for _value in _values:
        _counter.labels(_value)
