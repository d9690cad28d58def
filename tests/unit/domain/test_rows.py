from app.domain import rows
from tests.bars import OPENING_MS, make_bar


def test_a_row_is_sixty_bytes() -> None:
    assert rows.SIZE == len(rows.pack(make_bar(0, 10.0), 0, 0)) == 60


def test_columns() -> None:
    packed = b"".join(rows.pack(make_bar(minute, 10.0 + minute), minute * 2, minute * 3) for minute in range(5))
    assert rows.closes(packed) == (10.0, 11.0, 12.0, 13.0, 14.0)
    assert rows.minutes(packed) == tuple(OPENING_MS // 60_000 + minute for minute in range(5))
    assert rows.labels(packed) == (0, 3, 6, 9, 12)
    assert rows.timestamp(packed, 3) == OPENING_MS + 180_000
    assert rows.tail(packed, 4) == (8, 12)


def test_fields_of_one_row() -> None:
    bars = [make_bar(0, 10.0), make_bar(3, 12.0, open=11.5)]
    packed = b"".join(rows.pack(bar, 4, 300 + number) for number, bar in enumerate(bars))
    assert rows.open_and_label(packed, 1) == (11.5, 301)
    assert rows.two_timestamps(packed, 1) == (OPENING_MS, OPENING_MS + 180_000)
    assert rows.timestamp_and_tail(packed, 1) == (OPENING_MS + 180_000, 4, 301)


def test_no_rows_have_no_columns() -> None:
    assert rows.closes(b"") == rows.minutes(b"") == ()


def test_set_tail_touches_nothing_else() -> None:
    bar = make_bar(1, 10.0)
    packed = bytearray(rows.pack(bar, 0, 0) * 2)
    rows.set_tail(packed, 0, 5, 6)
    assert packed == rows.pack(bar, 5, 6) + rows.pack(bar, 0, 0)
