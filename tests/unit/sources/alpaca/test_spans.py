from datetime import date

import pytest

from app.domain.records import MINUTE_MS
from app.sources.alpaca.spans import extended, pieces, until
from app.sources.sessions import Session, sessions_between
from app.times import iso

[DAY] = sessions_between(date(2024, 11, 14), date(2024, 11, 14))


@pytest.mark.parametrize(
    ("day", "begin", "end"),
    [
        (date(2024, 11, 14), "2024-11-14T09:00:00Z", "2024-11-15T01:00:00Z"),
        (date(2024, 7, 15), "2024-07-15T08:00:00Z", "2024-07-16T00:00:00Z"),
    ],
)
def test_extended_hours_are_new_yorks(day: date, begin: str, end: str) -> None:
    [session] = sessions_between(day, day)
    found = extended(session)
    assert (iso(found.open_ms), iso(found.close_ms)) == (begin, end)


def test_what_has_not_happened_is_left_out() -> None:
    assert until([DAY], DAY.open_ms) == []
    assert until([DAY], DAY.open_ms + 90_500) == [Session(DAY.open_ms, DAY.open_ms + MINUTE_MS)]
    assert until([DAY], DAY.close_ms + 1) == [DAY]


@pytest.mark.parametrize(("symbols", "count"), [(1, 1), (256, 1), (257, 2), (1000, 4), (1_000_000, 390)])
def test_pieces_follow_each_other_and_hold_few_enough_bars(symbols: int, count: int) -> None:
    found = list(pieces(DAY, symbols, 100_000))
    assert len(found) == count
    assert [piece.open_ms for piece in found] == [DAY.open_ms, *(piece.close_ms for piece in found[:-1])]
    assert found[-1].close_ms == DAY.close_ms
    assert all(piece.minutes == 1 or piece.minutes * symbols <= 100_000 for piece in found)
