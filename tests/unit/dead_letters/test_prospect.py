from typing import Any

import pytest

from app.avro.serde import Poison
from app.dead_letters.place import Place
from app.dead_letters.prospect import Hope, prospect
from app.dead_letters.record import LARGEST_VALUE_BYTES
from app.kafka.topics import topics
from app.settings import Settings
from tests.unit.dead_letters.made import letter

TOPICS = topics(Settings(_env_file=None))  # type: ignore[call-arg]


def test_what_can_be_read_now_goes() -> None:
    assert prospect(letter(reason="unknown_schema"), TOPICS, None).hope is Hope.GOOD


def test_what_cannot_be_read_comes_back_and_says_why() -> None:
    verdict = prospect(letter(), TOPICS, Poison("key_mismatch", "the key is b'SPY'"))
    assert verdict == (Hope.NONE, "key_mismatch: the key is b'SPY'")


def test_a_stale_bar_is_stale_again() -> None:
    assert prospect(letter(reason="stale"), TOPICS, None).hope is Hope.NONE


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"source": None}, "headers"),
        ({"source": Place("other.raw", 0, 1)}, "TOPIC_PREFIX"),
        ({"source": Place("stocks.indicators", 0, 1)}, "no topic that workers of these settings read"),
        ({"value": b"x" * LARGEST_VALUE_BYTES}, "cut"),
    ],
)
def test_what_is_not_whole_or_not_ours_is_never_sent(changes: dict[str, Any], why: str) -> None:
    verdict = prospect(letter(**changes), TOPICS, None)
    assert verdict.hope is Hope.IMPOSSIBLE
    assert why in verdict.why
