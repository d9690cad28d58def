from app.domain.starts import Start, moved, needed, newest
from tests.bars import OPENING_MS

FIRST, SECOND = Start(10, OPENING_MS, 96.2, 24.1), Start(20, OPENING_MS, 24.0, 12.0)
BOTH = (FIRST, SECOND)


def test_a_bar_belongs_to_the_newest_start_not_after_it() -> None:
    assert [newest(BOTH, bar) for bar in (9, 10, 19, 20, 500)] == [None, FIRST, FIRST, SECOND, SECOND]
    assert newest((), 0) is None


def test_needed_are_those_of_the_bars_kept() -> None:
    assert needed(BOTH, 9) == needed(BOTH, 10) == needed(BOTH, 19) == [FIRST, SECOND]
    assert needed(BOTH, 20) == needed(BOTH, 500) == [SECOND]


def test_one_more_bar_moves_the_starts_behind_it() -> None:
    assert moved(BOTH, 11) == [FIRST, SECOND._replace(bar=21)]
    assert [start.bar for start in moved(BOTH, 10)] == [11, 21]


def test_as_records_say_it() -> None:
    assert FIRST.split == {"previous_close": 96.2, "open": 24.1}
