"""The worker's Prometheus metrics: the agents and the engine write them, GET /metrics shows them.

Increment once a batch, not once a record. No label holds a symbol, a run or
a message: every label's values are few and known.
"""

import time
from collections.abc import Iterable, Iterator
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, GCCollector, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.avro.serde import Reason
from app.domain.outcome import Outcome
from app.domain.records import Action, Origin

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
lag_records = Gauge(
    "stocks_lag_records",
    "Records not yet processed: from the end of what is committed to the end of the partition.",
    ["topic", "partition"],
    registry=registry,
)
assigned_partitions = Gauge(
    "stocks_assigned_partitions", "Partitions this worker holds, by topic.", ["topic"], registry=registry
)
recovering = Gauge("stocks_recovering", "1 while tables are being restored, else 0.", registry=registry)
recovery_seconds = Gauge("stocks_recovery_seconds", "Seconds the last recovery of the tables took.", registry=registry)
streams_open = Gauge("stocks_streams_open", "Clients of GET /stream that are connected now.", registry=registry)


class NewestBar(Collector):
    """Start of the newest bar seen, and its age when scraped, by origin; no sample before the first bar."""

    def __init__(self) -> None:
        self._newest: dict[Origin, int] = {}

    def seen(self, origin: Origin, timestamp: int) -> None:
        """Take note of a bar that starts at `timestamp` (UTC, milliseconds since 1970); older ones change nothing."""
        if timestamp > self._newest.get(origin, 0):
            self._newest[origin] = timestamp

    def collect(self) -> Iterator[Metric]:
        """Gauges in seconds: `stocks_newest_bar_timestamp_seconds`, and `_age_` and `_ahead_` for `_timestamp_`."""
        start = GaugeMetricFamily(
            "stocks_newest_bar_timestamp_seconds",
            "Start of the newest bar, UTC, seconds since 1970.",
            labels=["origin"],
        )
        age = GaugeMetricFamily(
            "stocks_newest_bar_age_seconds",
            "Seconds since the newest bar started, by this machine's clock.",
            labels=["origin"],
        )
        ahead = GaugeMetricFamily(
            "stocks_newest_bar_ahead_seconds",
            "How many seconds from now the newest bar starts; above 0, its time or this machine's clock is wrong.",
            labels=["origin"],
        )
        now = time.time()
        for origin, timestamp in self._newest.items():
            start.add_metric([origin], timestamp / 1000)
            age.add_metric([origin], max(0.0, now - timestamp / 1000))
            ahead.add_metric([origin], max(0.0, timestamp / 1000 - now))
        yield start
        yield age
        yield ahead


newest_bar = NewestBar()
registry.register(newest_bar)


class StalledPartitions(Collector):
    """Seconds for which partitions have stood still for readers of committed records.

    Only partitions beyond the time that a transaction may take: below it they come and go with every batch, so
    a sample is a fault, and an alert is `stocks_stalled_seconds > 0`.
    """

    def __init__(self) -> None:
        self._seconds: tuple[tuple[str, int, float], ...] = ()

    def show(self, seconds: Iterable[tuple[str, int, float]]) -> None:
        """Replace all samples, at once: topic, partition, seconds."""
        self._seconds = tuple(seconds)

    def collect(self) -> Iterator[Metric]:
        """One gauge, `stocks_stalled_seconds`."""
        stalled = GaugeMetricFamily(
            "stocks_stalled_seconds",
            "Seconds for which the partition's last stable offset has stood behind its end, where that is too long.",
            labels=["topic", "partition"],
        )
        for topic, partition, seconds in self._seconds:
            stalled.add_metric([topic, str(partition)], seconds)
        yield stalled


stalled = StalledPartitions()
registry.register(stalled)

# A series that starts at 0 is what lets an alert see the first increment.
for _counter, _values in (
    (bars, tuple(Outcome)),
    (signals, get_args(Action)),
    (dead_letters, get_args(Reason)),
    (retries, ("broker", "registry", "disk")),
):
    for _value in _values:
        _counter.labels(_value)
