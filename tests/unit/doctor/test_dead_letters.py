"""Dead letters of the last day, as the doctor tells them."""

from collections import Counter

from app.doctor.dead_letters import judge


def test_none_is_good() -> None:
    assert judge(Counter()) == ("ok", "dead letters", "none in the last 24 hours", "")


def test_some_are_worth_knowing_by_reason() -> None:
    found = judge(Counter({"stale": 1200, "invalid": 2, "red\x1b[31m": 1}))
    assert found.level == "warning"
    assert found.message == "1,200 stale, 2 invalid, 1 red\\x1b[31m in the last 24 hours"
    assert "`stocks dead-letters list`" in found.fix
