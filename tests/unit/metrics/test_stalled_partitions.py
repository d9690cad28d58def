from prometheus_client import CollectorRegistry

from app.metrics.stalled_partitions import StalledPartitions

TOPIC = "stocks.raw.avro"


def test_only_what_stands_still_now_has_a_sample() -> None:
    collector = StalledPartitions()
    registry = CollectorRegistry()
    registry.register(collector)
    where = {"topic": TOPIC, "partition": "3"}
    assert registry.get_sample_value("stocks_stalled_seconds", where) is None
    collector.show([(TOPIC, 3, 31.5)])
    assert registry.get_sample_value("stocks_stalled_seconds", where) == 31.5
    collector.show([])
    assert registry.get_sample_value("stocks_stalled_seconds", where) is None
