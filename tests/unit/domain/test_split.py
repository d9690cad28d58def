from datetime import UTC, datetime

import numpy as np
import pytest

from app.calendar.sessions import session_gap
from app.domain.split import is_night, no_jump, split_ratio
from tests.unit.domain.nights import never_open


@pytest.mark.parametrize(
    ("previous_close", "open_", "ratio"),
    [
        (96.20, 24.10, (4, 1)),
        # As it was: AAPL on 2000-06-21 and 2005-02-28, MSFT on 2003-02-18.
        (101.25, 50.50, (2, 1)),
        (88.99, 44.68, (2, 1)),
        (48.30, 24.62, (2, 1)),
        # News, AAPL on 2000-09-29: taken for a split, which costs a warm-up.
        (53.50, 28.19, (2, 1)),
        (0.12, 1.20, (1, 10)),
        (1.0, 2.0, (1, 2)),
        (1.0, 107.0, (1, 100)),
        (600.0, 12.2, (50, 1)),
        (1200.0, 61.0, (20, 1)),
        (1200.0, 58.2, (20, 1)),
        (110.0, 10.0, (12, 1)),
        (90.0, 10.0, (9, 1)),
        (30.0, 20.0, (3, 2)),
        (30.0, 19.2, (3, 2)),
        (30.0, 20.9, (3, 2)),
    ],
)
def test_looks_like_a_split(previous_close: float, open_: float, ratio: tuple[int, int]) -> None:
    assert split_ratio(previous_close, open_) == ratio


@pytest.mark.parametrize(
    ("previous_close", "open_"),
    [
        (100.0, 100.0),
        # Nights of news: FB on 2012-10-24, GOOG on 2008-04-18, MSFT on 2000-04-24.
        (19.50, 24.13),
        (449.54, 535.00),
        (78.94, 67.25),
        # 5:4, 4:3 and 2:3 look like news.
        (125.0, 100.0),
        (100.0, 75.0),
        (100.0, 150.0),
        # Between the ratios, and beyond them.
        (100.0, 71.0),
        (100.0, 60.0),
        (100.0, 40.5),
        (100.0, 181.0),
        (100.0, 250.0),
        (1000.0, 18.0),
        (1.0, 112.0),
    ],
)
def test_does_not_look_like_a_split(previous_close: float, open_: float) -> None:
    assert split_ratio(previous_close, open_) is None


@pytest.mark.parametrize(
    ("moved", "is_split"), [(0.902, False), (0.92, True), (1.0, True), (1.09, True), (1.11, False)]
)
@pytest.mark.parametrize("ratio", [(2, 1), (3, 1), (1, 2), (1, 3)])
def test_ten_percent_either_way(ratio: tuple[int, int], moved: float, is_split: bool) -> None:
    shares, held = ratio
    assert split_ratio(100.0, 100.0 * held / shares * moved) == (ratio if is_split else None)


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("previous", "this", "night"),
    [
        ("2024-11-14T20:59", "2024-11-15T14:30", True),
        ("2024-11-14T15:00", "2024-11-15T19:00", True),
        # Extended hours, from their last minute to their first.
        ("2024-11-15T00:59", "2024-11-15T09:00", True),
        # A weekend, half days, and both changes of the clocks.
        ("2024-11-15T20:59", "2024-11-18T14:30", True),
        ("2024-11-29T17:59", "2024-12-02T14:30", True),
        ("2024-03-08T20:59", "2024-03-11T13:30", True),
        ("2024-11-01T19:59", "2024-11-04T14:30", True),
        # A symbol that hardly trades, on one day.
        ("2024-11-14T14:30", "2024-11-14T20:59", False),
        ("2024-11-14T09:00", "2024-11-14T14:30", False),
        ("2024-11-14T14:30", "2024-11-15T00:59", False),
        # Outside the calendar's years.
        ("1989-12-28T20:59", "1989-12-29T14:30", False),
    ],
)
def test_is_night(previous: str, this: str, night: bool) -> None:
    assert is_night(ms(previous), ms(this), session_gap()) == night


def test_a_night_is_eight_hours() -> None:
    assert not is_night(0, 480 * 60_000, never_open)
    assert is_night(0, 481 * 60_000, never_open)


def test_no_ratio_that_is_a_split_passes_for_no_jump() -> None:
    opens = np.exp(np.linspace(np.log(0.005), np.log(200.0), 20_001))
    splits = np.array([split_ratio(1.0, float(open_)) is not None for open_ in opens])
    assert not (splits & no_jump(opens)).any()
    assert no_jump(np.array([0.8, 1.0, 1.25])).all()
