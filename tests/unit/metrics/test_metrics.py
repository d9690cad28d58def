import re
import time
from datetime import datetime

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


def test_the_market_is_open_by_the_exchanges_calendar(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    # The day after Thanksgiving: a half day, until 18:00 UTC.
    for moment in ("2024-11-29T14:29:59", "2024-11-29T14:30:00", "2024-11-29T17:59:59", "2024-11-29T18:00:00"):
        seconds = datetime.fromisoformat(f"{moment}+00:00").timestamp()
        monkeypatch.setattr(time, "time_ns", lambda seconds=seconds: int(seconds * 1e9))
        found.append(metrics.registry.get_sample_value("stocks_market_open"))
    assert found == [0, 1, 1, 0]
