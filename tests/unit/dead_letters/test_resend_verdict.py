from typing import Any

import pytest

from app.avro.serde import Poison
from app.dead_letters.record import LARGEST_VALUE_BYTES
from app.dead_letters.record_place import RecordPlace
from app.dead_letters.resend_verdict import ResendChance, resend_verdict
from app.kafka.topics import topics
from app.settings import Settings
from tests.unit.dead_letters.made import letter

TOPICS = topics(Settings(_env_file=None))  # type: ignore[call-arg]


def test_what_can_be_read_now_goes() -> None:
    assert resend_verdict(letter(reason="unknown_schema"), TOPICS, None).chance is ResendChance.GOOD


def test_what_cannot_be_read_comes_back_and_says_why() -> None:
    verdict = resend_verdict(letter(), TOPICS, Poison("key_mismatch", "the key is b'SPY'"))
    assert verdict == (ResendChance.NONE, "key_mismatch: the key is b'SPY'")


def test_a_stale_bar_is_stale_again() -> None:
    assert resend_verdict(letter(reason="stale"), TOPICS, None).chance is ResendChance.NONE


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"source": None}, "headers"),
        ({"source": RecordPlace("other.raw", 0, 1)}, "TOPIC_PREFIX"),
        ({"source": RecordPlace("stocks.indicators", 0, 1)}, "no topic that workers of these settings read"),
        ({"value": b"x" * LARGEST_VALUE_BYTES}, "cut"),
    ],
)
def test_what_is_not_whole_or_not_ours_is_never_sent(changes: dict[str, Any], why: str) -> None:
    verdict = resend_verdict(letter(**changes), TOPICS, None)
    assert verdict.chance is ResendChance.IMPOSSIBLE
    assert why in verdict.why
