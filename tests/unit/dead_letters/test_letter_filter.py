from typing import Any

import pytest

from app.dead_letters.letter_filter import LetterFilter, distinct
from app.dead_letters.record_place import RecordPlace
from tests.unit.dead_letters.made import letter

TIME = 1_731_594_600_000
LETTER = letter(42)
STRANGE = letter(42, source=None, time=None, time_ms=None, key=None, reason="")


@pytest.mark.parametrize(
    ("taking", "passing"),
    [
        ({"reasons": {"not_avro"}}, {"reasons": {"stale"}}),
        ({"topic": "stocks.raw.avro"}, {"topic": "stocks.signals"}),
        ({"partition": 1}, {"partition": 0}),
        ({"key": "AAPL"}, {"key": "SPY"}),
        ({"since": TIME, "until": TIME + 1}, {"since": TIME + 1}),
        ({"since": TIME - 1}, {"until": TIME}),
        ({"offsets": range(42, 43)}, {"offsets": range(43, 50)}),
        ({"places": frozenset({LETTER.place})}, {"places": frozenset({RecordPlace("stocks.dead-letters", 2, 142)})}),
        ({"places": frozenset({LETTER.source})}, {"places": frozenset({RecordPlace("stocks.raw.avro", 1, 43)})}),
    ],
)
def test_each_field_asks_for_one_thing(taking: dict[str, Any], passing: dict[str, Any]) -> None:
    assert LetterFilter(**taking).takes(LETTER)
    assert not LetterFilter(**passing).takes(LETTER)


@pytest.mark.parametrize(
    "asked", [{"topic": "raw"}, {"partition": 1}, {"offsets": range(9)}, {"since": 1}, {"until": 1}]
)
def test_a_letter_that_does_not_say_is_not_meant(asked: dict[str, Any]) -> None:
    assert LetterFilter().takes(STRANGE)
    assert not LetterFilter(**asked).takes(STRANGE)


def test_each_letter_once_by_its_source() -> None:
    again = letter(1, place=RecordPlace("stocks.dead-letters", 1, 900))
    remade = letter(1, time="2024-11-15T14:30:00Z")
    found = list(distinct([letter(1), letter(2), again, remade, STRANGE, STRANGE]))
    assert found == [letter(1), letter(2), remade, STRANGE, STRANGE]
