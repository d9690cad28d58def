import json

import pytest

from app.domain.labels import Label
from tables.value_format import UnknownFormat, check_version, pack_texts, unpack_texts

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


def test_the_message_names_what_and_which_version() -> None:
    with pytest.raises(UnknownFormat, match="window: the value has format version 9, this program reads version 1"):
        check_version(b"\x09", 1, 10, "window")
    with pytest.raises(UnknownFormat, match="window: the value is empty"):
        check_version(b"", 1, 10, "window")
    with pytest.raises(UnknownFormat, match="3 bytes, its header alone 10"):
        check_version(b"\x01ab", 1, 10, "window")
