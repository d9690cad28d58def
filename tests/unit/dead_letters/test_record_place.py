import pytest

from app.dead_letters.record_place import RecordPlace, parse_place


def test_a_place_is_read_as_it_is_written() -> None:
    place = RecordPlace("test.stocks.raw.avro", 3, 42)
    assert parse_place(str(place)) == place


@pytest.mark.parametrize("text", ["", "raw", "raw[1]", "raw[1]@", "raw[-1]@2", "raw[1]@2 ", "1:2"])
def test_anything_else_is_no_place(text: str) -> None:
    assert parse_place(text) is None
