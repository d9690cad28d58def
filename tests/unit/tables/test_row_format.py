import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.provenance import Provenance
from app.domain.strategy import Strategy
from tables.format import UnknownFormat
from tables.row_format import (
    VERSION,
    decode_row,
    decode_rows,
    number_of,
    read_fixed,
    row_key,
    row_keys,
    series_of,
    slot_of,
)
from tests.bars import series
from tests.unit.domain.pipeline import SERIES, Pipeline
from tests.unit.domain.walks import WALKS
from tests.unit.records import ROW
from tests.unit.tables.encoding import encode_row, packed
from tests.unit.tables.golden_rows import GOLDEN, golden_bytes, golden_rows

READERS: list[Callable[[bytes], Any]] = [decode_row, lambda data: read_fixed([data]), lambda data: decode_rows([data])]
VERSIONS = range(1, VERSION + 1)
#: Of the fixed part; in it, where action, previous action and reason are.
SIZE, CODES_AT = 130, 119


def test_reading_gives_back_what_was_written() -> None:
    pipeline = Pipeline(Strategy(), keep_bars=300)
    pipeline.feed(series(WALKS["dollars"][:200]))
    rows = pipeline.table.by_number(SERIES)
    assert [decode_row(encode_row(row)) for row in rows] == rows


@pytest.mark.parametrize("version", VERSIONS)
def test_golden_bytes(version: int) -> None:
    """What was once written stays readable."""
    written = list(golden_bytes(version))
    assert {data[0] for data in written} == {version}
    assert [decode_row(data) for data in written] == golden_rows()


def test_there_are_golden_bytes_of_each_version() -> None:
    assert sorted(path.name for path in GOLDEN.glob("row-*.bin")) == [f"row-{version}.bin" for version in VERSIONS]


def test_the_newest_golden_bytes_are_what_is_written() -> None:
    assert list(map(encode_row, golden_rows())) == list(golden_bytes(VERSION))


def test_the_golden_rows_hold_every_action_and_reason() -> None:
    rows = golden_rows()
    assert {row.action for row in rows} == {"HOLD", "BUY", "SELL"}
    assert {row.previous_action for row in rows} == {None, "HOLD", "BUY", "SELL"}
    assert len({row.reason for row in rows}) == 6


def test_a_row_takes_some_two_hundred_bytes() -> None:
    assert len(encode_row(ROW)) < 220


def test_many_rows_are_read_as_each_alone() -> None:
    rows = golden_rows()
    written = list(map(encode_row, rows))
    fixed, provenances = decode_rows(written)
    assert fixed.tobytes() == packed(rows).tobytes() == read_fixed(written).tobytes()
    assert provenances == [row.provenance for row in rows]
    assert [row.number for row in rows] == list(map(number_of, written))
    assert len(read_fixed([])) == len(decode_rows([])[0]) == 0


@pytest.mark.parametrize("version", [0, VERSION + 1, 255])
@pytest.mark.parametrize("read", READERS)
def test_an_unknown_version_is_named(read: Callable[[bytes], Any], version: int) -> None:
    with pytest.raises(UnknownFormat, match=rf"windows: .* version {version}\b, .* version {VERSION}\b"):
        read(bytes([version]) + encode_row(ROW)[1:])


@pytest.mark.parametrize("data", list(golden_bytes(VERSION)), ids=len)
def test_a_row_cut_off_anywhere_is_refused(data: bytes) -> None:
    for length in range(len(data)):
        with pytest.raises(UnknownFormat):
            decode_row(data[:length])


@pytest.mark.parametrize(("at", "code"), [(0, 3), (0, 255), (1, 3), (1, 254), (2, 6)])
def test_a_code_of_no_version_is_refused(at: int, code: int) -> None:
    data = bytearray(encode_row(ROW))
    data[CODES_AT + at] = code
    with pytest.raises(UnknownFormat, match=rf"unknown code .*\b{code}\b"):
        decode_row(bytes(data))


@pytest.mark.parametrize(
    "texts",
    [
        b"",
        b"\xff",
        b"{}",
        b"3",
        b"[1, 2, 3, 4, 5]",
        json.dumps(["strategy", "replay", "source", "feed"]).encode(),
        json.dumps(["strategy", "replay", "source", "feed", "", ""]).encode(),
        json.dumps(["strategy", "lively", "source", "feed", ""]).encode(),
        json.dumps(["strategy", ["live"], "source", "feed", ""]).encode(),
        json.dumps(["strategy", "live", 1, "feed", ""]).encode(),
        json.dumps([None, "live", "source", "feed", ""]).encode(),
        b"[" * 100_000,
    ],
)
def test_other_texts_are_refused(texts: bytes) -> None:
    with pytest.raises(UnknownFormat, match="texts cannot be read"):
        decode_row(encode_row(ROW)[:SIZE] + texts)


def test_texts_of_any_language_come_back() -> None:
    row = ROW._replace(strategy="mine/1", provenance=Provenance("backfill", "Börse, “x”", "東京", "raw"))
    assert decode_row(encode_row(row)) == row


@given(st.binary(max_size=400), st.sampled_from([b"", b"\x01"]))
def test_arbitrary_bytes_are_read_or_refused(data: bytes, version: bytes) -> None:
    for read in READERS:
        try:
            read(version + data)
        except UnknownFormat:
            continue


@given(st.integers(0, 300), st.integers(0, 255))
def test_a_damaged_byte_is_read_or_refused(at: int, value: int) -> None:
    data = bytearray(encode_row(ROW))
    data[at % len(data)] = value
    try:
        decode_row(bytes(data))
    except UnknownFormat:
        return


def test_the_keys_of_a_series_are_in_the_order_of_their_slots() -> None:
    slots = [0, 1, 255, 256, 799, 2**31, 2**32 - 1]
    keys = [row_key(SERIES, slot) for slot in slots]
    assert keys == sorted(keys)
    assert [slot_of(key) for key in keys] == slots
    assert {series_of(key) for key in keys} == {SERIES}


def test_many_keys_are_as_each_alone() -> None:
    series, slots = [b"run\0A", b"run\0BB", b"run\0A"], [0, 258, 2**32 - 1]
    assert row_keys(series, np.array(slots)) == [row_key(*each) for each in zip(series, slots, strict=True)]


def test_no_other_series_lies_among_them() -> None:
    """Not even one whose symbol begins with the other's."""
    ours = [row_key(b"run\0AA", slot) for slot in (0, 2**32 - 1)]
    for other in (b"run\0A", b"run\0AAA", b"run\0AA!", b"ru\0AA", b"run.\0AA"):
        for slot in (0, 2**31, 2**32 - 1):
            assert not ours[0] < row_key(other, slot) < ours[1]
