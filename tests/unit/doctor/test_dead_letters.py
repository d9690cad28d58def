"""Dead letters of the last day, as the doctor tells them."""

from collections import Counter
from collections.abc import Iterator
from typing import cast

from app.dead_letters.letter import Letter
from app.doctor.dead_letters import check_dead_letters, judge
from app.kafka.broker import Broker
from app.settings import Settings
from tests.unit.dead_letters.made import letter
from tests.unit.kafka.memory_broker import MemoryBroker


def test_none_is_good() -> None:
    assert judge(Counter()) == ("ok", "dead letters", "none in the last 24 hours", "")


def test_some_are_worth_knowing_by_reason() -> None:
    found = judge(Counter({"stale": 1200, "invalid": 2, "red\x1b[31m": 1}))
    assert found.level == "warning"
    assert found.message == "1,200 stale, 2 invalid, 1 red\\x1b[31m in the last 24 hours"
    assert "`stocks dead-letters list`" in found.fix


def test_those_of_the_last_day_are_read_and_counted(ours: Settings, broker: MemoryBroker) -> None:
    asked: list[int] = []

    def read(_: Settings, since_ms: int) -> Iterator[Letter]:
        asked.append(since_ms)
        yield from (letter(reason="stale"), letter(reason=""), letter(reason="stale"))

    now_s = 1_731_594_600.0
    [finding] = check_dead_letters(ours, cast(Broker, broker), lambda: now_s, read)
    assert asked == [1_731_508_200_000]
    assert finding.message == "2 stale, 1 without a reason in the last 24 hours"


def test_without_their_topic_nothing_is_said_of_them(ours: Settings, broker: MemoryBroker) -> None:
    del broker.topics["dips.stocks.dead-letters"]
    assert list(check_dead_letters(ours, cast(Broker, broker))) == []
