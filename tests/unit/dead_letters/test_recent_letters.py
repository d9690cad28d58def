"""Dead letters of the last day, on a clock of its own."""

from app.dead_letters.recent_letters import RecentLetters

HOUR = 3600.0


def test_each_is_counted_for_a_day_by_its_reason() -> None:
    now = 0.0
    letters = RecentLetters(lambda: now)
    assert letters.counts() == {}
    letters.add("invalid")
    for _ in range(3):
        now += HOUR
        letters.add("stale")
    assert letters.counts() == {"stale": 3, "invalid": 1}
    assert list(letters.counts()) == ["stale", "invalid"]
    now = 24 * HOUR
    assert letters.counts() == {"stale": 3}
    now = 26.5 * HOUR
    assert letters.counts() == {"stale": 1}
    now = 28 * HOUR
    assert letters.counts() == {}


def test_many_take_no_more_room_than_few() -> None:
    now = 0.0
    letters = RecentLetters(lambda: now)
    for _ in range(48 * 60):
        now += 60
        letters.add("stale")
    assert len(letters._spans) <= 289
    assert 24 * 60 - 5 <= letters.counts()["stale"] <= 24 * 60
