from app.domain import bar_rows
from tests.bars import OPENING_MS, make_bar
from tests.unit.domain.packed import packed_closes


def test_a_row_is_sixty_bytes() -> None:
    assert bar_rows.SIZE == len(bar_rows.pack(make_bar(0, 10.0), 0, 0)) == 60


def test_columns() -> None:
    packed = b"".join(bar_rows.pack(make_bar(minute, 10.0 + minute), minute * 2, minute * 3) for minute in range(5))
    assert packed_closes(packed) == (10.0, 11.0, 12.0, 13.0, 14.0)
    assert bar_rows.minutes(packed) == tuple(OPENING_MS // 60_000 + minute for minute in range(5))
    assert bar_rows.provenances(packed) == (0, 3, 6, 9, 12)
    assert bar_rows.minute(packed, 3) == OPENING_MS // 60_000 + 3
    assert bar_rows.tail(packed, 4) == (8, 12)


def test_fields_of_one_row() -> None:
    bars = [make_bar(0, 10.0), make_bar(3, 12.0, open=11.5)]
    packed = b"".join(bar_rows.pack(bar, 4, 300 + number) for number, bar in enumerate(bars))
    assert bar_rows.open_and_provenance(packed, 1) == (11.5, 301)
    assert bar_rows.two_timestamps(packed, 1) == (OPENING_MS, OPENING_MS + 180_000)


def test_all_fields_come_back() -> None:
    bar = make_bar(1, 10.0, open=9.5, high=10.5, low=9.0, volume=12.25, trade_count=3, vwap=9.75)
    minute = OPENING_MS // 60_000 + 1
    assert bar_rows.unpack(bar_rows.pack(bar, 5, 6), 0) == (minute, 9.5, 10.5, 9.0, 10.0, 12.25, 9.75, 3, 5, 6)


def test_no_rows_have_no_columns() -> None:
    assert packed_closes(b"") == bar_rows.minutes(b"") == ()


def test_set_tail_touches_nothing_else() -> None:
    bar = make_bar(1, 10.0)
    packed = bytearray(bar_rows.pack(bar, 0, 0) * 2)
    bar_rows.set_tail(packed, 0, 5, 6)
    assert packed == bar_rows.pack(bar, 5, 6) + bar_rows.pack(bar, 0, 0)
