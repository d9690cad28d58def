"""Partitions that stand still for readers of committed records."""

from collections.abc import Iterable, Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


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
