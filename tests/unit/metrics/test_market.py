from datetime import datetime

import pytest
from prometheus_client import CollectorRegistry

from app import metrics
from app.metrics.market import MarketOpen


# The day after Thanksgiving: a half day, until 18:00 UTC.
@pytest.mark.parametrize(("moment", "is_open"), [("14:29:59", 0), ("14:30:00", 1), ("17:59:59", 1), ("18:00:00", 0)])
def test_the_market_is_open_by_the_exchanges_calendar(moment: str, is_open: int) -> None:
    seconds = datetime.fromisoformat(f"2024-11-29T{moment}+00:00").timestamp()
    registry = CollectorRegistry()
    registry.register(MarketOpen(clock=lambda: seconds))
    assert registry.get_sample_value("stocks_market_open") == is_open


def test_a_worker_says_it() -> None:
    assert metrics.registry.get_sample_value("stocks_market_open") in (0, 1)
