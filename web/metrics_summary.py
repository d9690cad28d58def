"""Summaries of the Prometheus metrics, for people."""

from prometheus_client import Counter, Histogram
from prometheus_client.samples import Sample


def by_label(counter: Counter) -> dict[str, int]:
    """The counts of a counter with one label, by its values."""
    return {
        next(iter(sample.labels.values())): int(sample.value)
        for sample in _samples(counter)
        if sample.name.endswith("_total")
    }


def totals(histogram: Histogram) -> tuple[int, float]:
    """How many values a histogram has seen, and their sum."""
    found = {sample.name.rpartition("_")[2]: sample.value for sample in _samples(histogram)}
    return int(found.get("count", 0)), found.get("sum", 0.0)


def quantile(histogram: Histogram, ratio: float) -> float | None:
    """The least bound that this part (0 to 1) of the values stays below; None without values or above all bounds."""
    buckets = [
        (float(sample.labels["le"]), sample.value) for sample in _samples(histogram) if sample.name.endswith("_bucket")
    ]
    count = totals(histogram)[0]
    if not count:
        return None
    bound = next(bound for bound, seen in sorted(buckets) if seen >= ratio * count)
    return None if bound == float("inf") else bound


def _samples(metric: Counter | Histogram) -> list[Sample]:
    return [sample for family in metric.collect() for sample in family.samples]
