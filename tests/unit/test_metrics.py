import re
import time

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from app import metrics

TOPIC = "stocks.raw.avro"


def test_every_name_says_whose_it_is() -> None:
    names = re.findall(r"^# TYPE (\S+)", generate_latest(metrics.registry).decode(), re.MULTILINE)
    assert names
    assert all(name.startswith(("stocks_", "process_", "python_gc_")) for name in names)


@pytest.mark.parametrize(
    "series",
    [
        'stocks_bars_total{outcome="stale"}',
        'stocks_signals_total{action="BUY"}',
        'stocks_dead_letters_total{reason="not_avro"}',
        'stocks_retries_total{kind="registry"}',
    ],
)
def test_counters_are_there_before_they_count(series: str) -> None:
    assert f"\n{series} " in generate_latest(metrics.registry).decode()


def test_no_label_can_hold_a_symbol_or_a_run() -> None:
    labels = {
        label
        for family in metrics.registry.collect()
        if family.name.startswith("stocks_")
        for sample in family.samples
        for label in sample.labels
    }
    assert labels <= {"outcome", "action", "reason", "kind", "le", "topic", "partition", "origin"}


def newest_bar(collector: metrics.NewestBar) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(collector)
    return registry


def test_no_newest_bar_before_the_first() -> None:
    registry = newest_bar(metrics.NewestBar())
    assert registry.get_sample_value("stocks_newest_bar_age_seconds", {"origin": "live"}) is None


def test_the_newest_bar_is_of_its_origin_and_never_older() -> None:
    collector = metrics.NewestBar()
    registry = newest_bar(collector)
    now = int(time.time() * 1000)
    collector.seen("live", now - 60_000)
    collector.seen("live", now - 120_000)
    collector.seen("replay", 1_731_594_600_000)
    assert registry.get_sample_value("stocks_newest_bar_timestamp_seconds", {"origin": "replay"}) == 1_731_594_600
    assert registry.get_sample_value("stocks_newest_bar_timestamp_seconds", {"origin": "live"}) == (now - 60_000) / 1000
    age = registry.get_sample_value("stocks_newest_bar_age_seconds", {"origin": "live"})
    assert age == pytest.approx(60, abs=30)


def test_no_age_is_negative_and_a_bar_of_the_future_is_named() -> None:
    collector = metrics.NewestBar()
    registry = newest_bar(collector)
    collector.seen("replay", 4_070_908_800_000)
    assert registry.get_sample_value("stocks_newest_bar_age_seconds", {"origin": "replay"}) == 0
    ahead = registry.get_sample_value("stocks_newest_bar_ahead_seconds", {"origin": "replay"})
    assert ahead == pytest.approx(4_070_908_800 - time.time(), abs=30)


def test_only_what_stands_still_now_has_a_sample() -> None:
    collector = metrics.StalledPartitions()
    registry = CollectorRegistry()
    registry.register(collector)
    where = {"topic": TOPIC, "partition": "3"}
    assert registry.get_sample_value("stocks_stalled_seconds", where) is None
    collector.show([(TOPIC, 3, 31.5)])
    assert registry.get_sample_value("stocks_stalled_seconds", where) == 31.5
    collector.show([])
    assert registry.get_sample_value("stocks_stalled_seconds", where) is None
