import json

import pytest

from app.domain.labels import Label
from tables.value_format import Format, UnknownFormat, pack_texts, unpack_texts

LABELS = (Label("live", "alpaca", "iex"), Label("backfill", "Börse", ""))


def test_texts_come_back() -> None:
    assert unpack_texts(pack_texts("topic", "strategy/1", LABELS)) == ("topic", "strategy/1", LABELS)
    assert unpack_texts(pack_texts("topic", "strategy/1", ())) == ("topic", "strategy/1", ())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"{}",
        b"[1, 2, 3]",
        json.dumps(["topic", "strategy", 3]).encode(),
        json.dumps(["topic", None, []]).encode(),
        json.dumps(["topic", "strategy", [["lively", "a", "b"]]]).encode(),
        json.dumps(["topic", "strategy", [["live", "a"]]]).encode(),
        json.dumps(["topic", "strategy", [["live", 1, "b"]]]).encode(),
        json.dumps(["topic", "strategy", [[["live"], "a", "b"]]]).encode(),
        b"[" * 100_000,
    ],
)
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(UnknownFormat, match="cannot be read"):
        unpack_texts(data)


#: Version 1 had a byte of no use where version 2 has a number, and version 3 its double.
NUMBER = Format(
    "number", 3, 2, {1: lambda data: b"\x02\x05" + data[2:], 2: lambda data: bytes([3, 2 * data[1]]) + data[2:]}
)


@pytest.mark.parametrize(
    ("data", "today"), [(b"\x01\x00!", b"\x03\x0a!"), (b"\x02\x04!", b"\x03\x08!"), (b"\x03\x07!", b"\x03\x07!")]
)
def test_each_older_version_becomes_the_next(data: bytes, today: bytes) -> None:
    assert NUMBER.of_today(data) == today


def test_the_message_names_what_and_which_version() -> None:
    with pytest.raises(UnknownFormat, match=r"number: .* version 9, this program reads version 3 and older"):
        NUMBER.of_today(b"\x09")
    for short in (b"", b"\x01", b"\x03"):
        with pytest.raises(UnknownFormat, match=f"number: the value has {len(short)} bytes, its header alone 2"):
            NUMBER.of_today(short)
