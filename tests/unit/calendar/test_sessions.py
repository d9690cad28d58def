import subprocess
import sys
from datetime import UTC, datetime
from random import Random

import pytest

from app.calendar.sessions import session_gap, sessions
from tests.bars import make_bar
from tests.harness.oracle import exchange_gap
from tests.unit.calendar.make import calendar


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("previous", "this", "gap"),
    [
        ("2024-11-14T14:30", "2024-11-14T14:31", 0),
        ("2024-11-14T14:30", "2024-11-14T14:35", 4),
        # Overnight: closed from 21:00 to 14:30 UTC in winter.
        ("2024-11-14T20:59", "2024-11-15T14:30", 0),
        ("2024-11-14T20:58", "2024-11-15T14:32", 3),
        # Extended hours hold no session minutes.
        ("2024-11-14T22:00", "2024-11-15T09:00", 0),
        # A weekend; a holiday, Thanksgiving, and the half day after it.
        ("2024-11-15T20:59", "2024-11-18T14:30", 0),
        ("2024-11-27T20:59", "2024-11-29T14:30", 0),
        ("2024-11-29T17:59", "2024-12-02T14:30", 0),
        ("2024-11-29T14:29", "2024-11-29T22:00", 210),
        # Clocks change: the session opens at 13:30 UTC in summer.
        ("2024-11-01T13:29", "2024-11-01T20:00", 390),
        ("2024-11-01T19:59", "2024-11-04T14:30", 0),
        # A whole session is missing.
        ("2024-11-13T20:59", "2024-11-15T14:30", 390),
        # The edges of the calendar.
        ("1990-01-01T00:00", "1990-01-02T14:31", 1),
        ("2099-12-31T20:58", "2099-12-31T23:59", 1),
        ("1989-12-29T20:58", "1990-01-02T14:31", None),
        ("2099-12-31T20:58", "2100-01-04T14:30", None),
    ],
)
def test_counts_regular_minutes_between_two_bars(previous: str, this: str, gap: int | None) -> None:
    assert session_gap()(ms(previous), ms(this)) == gap


def test_equals_counting_the_calendars_minutes_one_by_one() -> None:
    random = Random(1)
    days = 370
    counted = exchange_gap([make_bar(0, 1.0), make_bar(days * 1440, 1.0)])
    gap = session_gap()
    for _ in range(2000):
        start = random.randrange(days * 1440)
        previous, this = (make_bar(minute, 1.0)["timestamp"] for minute in (start, start + random.randint(1, 5000)))
        assert gap(previous, this) == counted(previous, this)


def test_the_file_says_what_exchange_calendars_says() -> None:
    """If it says something else since it was updated, make the file again; see tests/unit/calendar/make.py."""
    opens, closes = calendar()
    assert (list(sessions().opens), list(sessions().closes)) == (opens.tolist(), closes.tolist())


def test_neither_it_nor_pandas_is_loaded_for_it() -> None:
    program = (
        "import sys; from app.calendar.sessions import sessions; "
        "sessions(); sys.exit(bool({'exchange_calendars', 'pandas'} & sys.modules.keys()))"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
