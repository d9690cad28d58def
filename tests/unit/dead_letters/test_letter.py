from collections.abc import Sequence

import pytest

from app.avro.serde import Poison
from app.dead_letters.letter import read_letter
from app.dead_letters.record import dead_letter_headers
from app.dead_letters.record_place import RecordPlace

Headers = Sequence[tuple[str, bytes | None]]


class FakeMessage:
    """The part of confluent-kafka's message that is read."""

    def __init__(self, headers: Headers | None, value: bytes | None = b"value") -> None:
        self._headers, self._value = headers, value

    def headers(self) -> Headers | None:
        return self._headers

    def topic(self) -> str:
        return "stocks.dead-letters"

    def partition(self) -> int:
        return 3

    def offset(self) -> int:
        return 7

    def key(self) -> bytes:
        return b"AAPL"

    def value(self) -> bytes | None:
        return self._value


def test_a_letter_is_what_its_headers_say() -> None:
    headers = dead_letter_headers("invalid", Poison("invalid", "high below low"), "raw", 3, 42, 1_731_594_600_000)
    letter = read_letter(FakeMessage(headers))  # type: ignore[arg-type]
    assert letter.place == RecordPlace("stocks.dead-letters", 3, 7)
    assert letter.source == RecordPlace("raw", 3, 42)
    assert letter.time_ms == 1_731_594_600_000
    assert letter.record() == {
        "reason": "invalid",
        "exception": "Poison: high below low",
        "topic": "raw",
        "partition": 3,
        "offset": 42,
        "time": "2024-11-14T14:30:00Z",
        "key": "AAPL",
        "value": b"value",
        "letter": "3:7",
    }


@pytest.mark.parametrize(
    "headers", [None, [], [("topic", b"raw"), ("partition", b"one"), ("offset", b"2"), ("time", b"never")]]
)
def test_a_letter_of_another_program_has_no_source(headers: Headers | None) -> None:
    letter = read_letter(FakeMessage(headers, None))  # type: ignore[arg-type]
    assert (letter.source, letter.time_ms, letter.value) == (None, None, None)
    assert letter.record()["topic"] is None
