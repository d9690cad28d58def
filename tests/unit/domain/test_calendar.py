import pytest

from app.domain.calendar import Sessions
from app.domain.records import MINUTE_MS

# Two sessions: minutes 100 to 109 and 200 to 204; valid from 50 to 299.
SESSIONS = Sessions(opens=[100, 200], closes=[110, 205], before=[0, 10, 15], first=50, end=300)


@pytest.mark.parametrize(
    ("previous", "minute", "gap"),
    [
        (100, 101, 0),
        (100, 105, 4),
        (109, 200, 0),
        (109, 202, 2),
        (105, 201, 5),
        (60, 70, 0),
        (60, 100, 0),
        (60, 250, 15),
        (99, 110, 10),
        (204, 299, 0),
        (120, 204, 4),
        (49, 100, None),
        (250, 300, None),
    ],
)
def test_gap(previous: int, minute: int, gap: int | None) -> None:
    assert SESSIONS.gap(previous * MINUTE_MS, minute * MINUTE_MS) == gap
