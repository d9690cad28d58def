"""What will happen at the next version of the rows, shown with one that is made up."""

import struct

import pytest

from tables.format import Format, Older, UnknownFormat
from tests.unit.tables.golden_rows import golden_bytes

#: Version 1 had a byte of no use where version 2 has a number, and version 3 its double and one more byte.
NUMBER = Format(
    "number",
    3,
    3,
    {
        1: Older(2, lambda data: b"\x02\x05" + data[2:]),
        2: Older(2, lambda data: bytes([3, 2 * data[1], 0]) + data[2:]),
    },
)

#: The size of a row's fixed part in version 1; in a version 2 it might hold one number more in the end.
SIZE = 130
NEXT_ROWS = Format(
    "windows", 2, SIZE + 8, {1: Older(SIZE, lambda data: b"\x02" + data[1:SIZE] + struct.pack("<d", 0.0) + data[SIZE:])}
)


@pytest.mark.parametrize(
    ("data", "today"),
    [(b"\x01\x00!", b"\x03\x0a\x00!"), (b"\x02\x04!", b"\x03\x08\x00!"), (b"\x03\x07\x01!", b"\x03\x07\x01!")],
)
def test_each_older_version_becomes_the_next(data: bytes, today: bytes) -> None:
    assert NUMBER.current(data) == today


def test_the_message_names_what_and_which_version() -> None:
    with pytest.raises(UnknownFormat, match=r"number: .* version 9, this program reads version 3 and older"):
        NUMBER.current(b"\x09")


@pytest.mark.parametrize(
    ("data", "size"), [(b"", 3), (b"\x01", 2), (b"\x02", 2), (b"\x03", 3), (b"\x03\x07", 3)], ids=repr
)
def test_a_row_that_is_cut_off_is_measured_by_its_own_version(data: bytes, size: int) -> None:
    with pytest.raises(UnknownFormat, match=f"number: the row has {len(data)} bytes, its fixed part alone {size}"):
        NUMBER.current(data)
    assert NUMBER.current(b"\x01\x00") == b"\x03\x0a\x00"


def test_the_rows_of_today_could_be_read_by_a_version_that_adds_a_number() -> None:
    for data in golden_bytes(1):
        read = NEXT_ROWS.current(data)
        assert read == b"\x02" + data[1:SIZE] + bytes(8) + data[SIZE:]
        assert NEXT_ROWS.current(read) == read


def test_the_rows_of_such_a_version_are_refused_today_by_name() -> None:
    today = Format("windows", 1, SIZE)
    for data in golden_bytes(1):
        with pytest.raises(UnknownFormat, match=r"windows: the row has format version 2, .* version 1 and older"):
            today.current(NEXT_ROWS.current(data))
