import time
from datetime import datetime

import pytest
from prometheus_client import CollectorRegistry

from app.metrics.newest_bar import NewestBar


def newest_bar(collector: NewestBar) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(collector)
    return registry


def test_no_newest_bar_before_the_first() -> None:
    registry = newest_bar(NewestBar())
    assert registry.get_sample_value("stocks_newest_bar_age_seconds", {"origin": "live"}) is None


def test_the_newest_bar_is_of_its_origin_and_never_older() -> None:
    collector = NewestBar()
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
    collector = NewestBar()
    registry = newest_bar(collector)
    collector.seen("replay", 4_070_908_800_000)
    assert registry.get_sample_value("stocks_newest_bar_age_seconds", {"origin": "replay"}) == 0
    ahead = registry.get_sample_value("stocks_newest_bar_ahead_seconds", {"origin": "replay"})
    assert ahead == pytest.approx(4_070_908_800 - time.time(), abs=30)


def test_who_has_no_partition_any_more_says_nothing_of_its_bars() -> None:
    collector = NewestBar()
    collector.seen("live", 1_731_594_600_000)
    collector.forget()
    assert newest_bar(collector).get_sample_value("stocks_newest_bar_age_seconds", {"origin": "live"}) is None


@pytest.mark.parametrize(
    ("newest", "now", "minutes"),
    [
        # In a session: the bar of 14:30 is there, that of 14:31 is being made, and is missing from 14:32 on.
        ("2024-11-14T14:30", "2024-11-14T14:31:59", 0),
        ("2024-11-14T14:30", "2024-11-14T14:32:00", 1),
        ("2024-11-14T14:30", "2024-11-14T14:40:30", 9),
        # The last bar of a day, through the night, and past the next open.
        ("2024-11-14T20:59", "2024-11-15T14:29:59", 0),
        ("2024-11-14T20:59", "2024-11-15T14:35:00", 5),
        # The evening before Thanksgiving, and the half day after it, whose last minute is 17:59.
        ("2024-11-27T20:59", "2024-11-28T18:00:00", 0),
        ("2024-11-29T17:59", "2024-11-29T20:00:00", 0),
        # A feed that ended in mid-session says so all night.
        ("2024-11-14T20:00", "2024-11-15T03:00:00", 59),
        # A bar after the close, and one of the future.
        ("2024-11-14T22:30", "2024-11-15T14:31:00", 1),
        ("2024-11-14T15:30", "2024-11-14T15:00:00", 0),
    ],
)
def test_the_age_in_time_of_the_session(newest: str, now: str, minutes: int) -> None:
    collector = NewestBar(lambda: seconds(now))
    collector.seen("live", int(seconds(newest) * 1000))
    age = newest_bar(collector).get_sample_value("stocks_newest_bar_session_age_seconds", {"origin": "live"})
    assert age == 60 * minutes


def test_a_bar_outside_of_the_calendar_has_no_age_in_the_session() -> None:
    collector = NewestBar(lambda: seconds("2024-11-14T15:00"))
    collector.seen("replay", 1000)
    registry = newest_bar(collector)
    assert registry.get_sample_value("stocks_newest_bar_session_age_seconds", {"origin": "replay"}) is None
    assert registry.get_sample_value("stocks_newest_bar_timestamp_seconds", {"origin": "replay"}) == 1


def seconds(moment: str) -> float:
    return datetime.fromisoformat(f"{moment}+00:00").timestamp()
