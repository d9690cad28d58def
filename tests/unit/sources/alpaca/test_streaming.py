from app.domain.records import MINUTE_MS
from app.sources.alpaca.streaming import Held, Told
from tests.bars import OPENING_MS
from tests.unit.sources.alpaca.fake_api import bar

NOW_MS = OPENING_MS + 10 * MINUTE_MS
BARS = [bar("AAPL", OPENING_MS + minute * MINUTE_MS) for minute in range(3)]


def test_without_a_hole_nothing_waits() -> None:
    assert Held().sift(BARS, NOW_MS, None) == [Told(each, NOW_MS) for each in BARS]


def test_what_is_ahead_of_a_hole_waits_and_comes_first_when_it_is_filled() -> None:
    held = Held()
    assert held.sift(BARS[::-1], NOW_MS, OPENING_MS + MINUTE_MS) == [Told(BARS[0], NOW_MS)]
    corrected = BARS[1]._replace(close=11.0)
    assert held.sift([corrected], NOW_MS + 1, OPENING_MS + MINUTE_MS) == []
    assert held.sift(BARS[:1], NOW_MS + 2, None) == [
        Told(BARS[2], NOW_MS),
        Told(corrected, NOW_MS + 1),
        Told(BARS[0], NOW_MS + 2),
    ]
    assert held.sift([], NOW_MS, None) == []


def test_it_forgets_what_came_well_before() -> None:
    held = Held()
    held.sift(BARS[:1], NOW_MS, OPENING_MS)
    held.sift(BARS[1:2], NOW_MS + 1, OPENING_MS)
    held.forget(NOW_MS + 1)
    assert held.sift([], NOW_MS, None) == [Told(BARS[1], NOW_MS + 1)]
