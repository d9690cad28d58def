import re

import pytest
from prometheus_client import generate_latest

from app import metrics


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
        'stocks_transaction_seconds_count{outcome="aborted"}',
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
    assert labels <= {"outcome", "action", "reason", "kind", "le", "topic", "partition", "origin", "version"}
