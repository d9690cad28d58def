"""Headers of dead letters: names and values between NULs, as any program that writes to the topic may set them.

Promised of any headers: a letter that can be shown, whose place, where it names
one, is that of the headers; and headers of our own are read as they were meant.
"""

from typing import cast

from confluent_kafka import Message

from app.dead_letters.letter import read_letter
from app.dead_letters.record import dead_letter_headers
from tests.harness.fuzzing.family import Family


class _Message:
    """What `read_letter` asks of a message."""

    def __init__(self, headers: list[tuple[str, bytes]], value: bytes) -> None:
        self._headers, self._value = headers, value

    def headers(self) -> list[tuple[str, bytes]]:
        return self._headers

    def topic(self) -> str:
        return "stocks.dead-letters"

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return 7

    def key(self) -> bytes | None:
        return self._value[:4] or None

    def value(self) -> bytes:
        return self._value


def _check(data: bytes) -> None:
    parts = data.split(b"\x00")
    names, values = (part.decode(errors="replace") for part in parts[::2]), parts[1::2]
    headers = list(zip(names, values, strict=False))
    letter = read_letter(cast(Message, _Message(headers, data)))
    letter.record()
    said = dict(headers)
    if letter.source:
        topic, partition, offset = letter.source
        assert (str(partition), str(offset)) == (_whole(said["partition"]), _whole(said["offset"]))
        ours = dead_letter_headers(letter.reason, letter.why, topic, partition, offset, letter.time_ms or 0)
        again = read_letter(cast(Message, _Message(ours, data)))
        assert (again.source, again.reason, again.why) == (letter.source, letter.reason, letter.why[:1000])
        assert again.time_ms == (letter.time_ms or 0) or not 0 <= (letter.time_ms or 0) < 253_402_300_800_000


def _whole(number: bytes) -> str:
    return number.decode().lstrip("0") or "0"


def _seed(*headers: tuple[str, bytes]) -> bytes:
    return b"\x00".join(part for name, value in headers for part in (name.encode(), value))


LETTERS = Family(
    "letters",
    [
        _seed(*dead_letter_headers("not_avro", ValueError("nonsense"), "stocks.raw.avro", 1, 2**40, 1_731_594_600_123)),
        _seed(("reason", b"stale"), ("topic", b"t"), ("partition", b"0"), ("offset", b"7"), ("time", b"1731594600")),
    ],
    _check,
)
