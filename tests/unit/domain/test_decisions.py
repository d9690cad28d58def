import random

import pytest

from app.domain import decisions
from app.domain.decisions import Decision


def test_they_come_back_by_minute_whatever_the_order() -> None:
    """The bytes, too, do not depend on it."""
    chance = random.Random(1)
    wanted = {
        minute: Decision(chance.choice(["HOLD", "BUY", "SELL"]), chance.choice([None, "HOLD", "BUY", "SELL"]), number)
        for number, minute in enumerate(chance.sample(range(2**32), 40))
    }
    packed, in_order = bytearray(), bytearray()
    for minute, decision in wanted.items():
        decisions.put(packed, minute, Decision("SELL", None, -1))
        decisions.put(packed, minute, decision)
    for minute in sorted(wanted):
        decisions.put(in_order, minute, wanted[minute])
    assert packed == in_order
    assert {minute: decisions.find(packed, minute) for minute in wanted} == wanted
    assert len(packed) == 14 * len(wanted)


def test_a_minute_without_one_is_an_error() -> None:
    packed = bytearray()
    decisions.put(packed, 7, Decision("BUY", "HOLD", 2**40))
    for minute in (6, 8):
        with pytest.raises(KeyError):
            decisions.find(packed, minute)


def test_the_newest_are_kept() -> None:
    packed = bytearray()
    for minute in (5, 9, 7, 6):
        decisions.put(packed, minute, Decision("HOLD", None, minute))
    decisions.trim(packed, 5)
    decisions.trim(packed, 2)
    assert [decisions.find(packed, minute).emitted_at for minute in (7, 9)] == [7, 9]
    assert len(packed) == 28
