"""Whether a dead letter's record can be processed now, if it is sent again."""

from enum import Enum
from typing import NamedTuple

from app.avro.serde import Poison
from app.dead_letters.letter import Letter
from app.dead_letters.record import LARGEST_VALUE_BYTES
from app.kafka.topics import Topics


class ResendChance(Enum):
    """Whether sending a record again makes sense."""

    GOOD = "would be read now"
    NONE = "would come back"
    IMPOSSIBLE = "cannot be sent"


class ResendVerdict(NamedTuple):
    """Whether to send one letter again, with the reason."""

    chance: ResendChance
    why: str


def resend_verdict(letter: Letter, topics: Topics, fault: Poison | None) -> ResendVerdict:
    """Judge a letter. `fault` says why its value cannot be read now; None if it can be."""
    if letter.source is None:
        return ResendVerdict(ResendChance.IMPOSSIBLE, "its headers do not say where it came from")
    if letter.source.topic != topics.raw.name:
        return ResendVerdict(
            ResendChance.IMPOSSIBLE,
            f"{letter.source.topic} is no topic that workers of these settings read: see TOPIC_PREFIX",
        )
    if letter.value is not None and len(letter.value) >= LARGEST_VALUE_BYTES:
        return ResendVerdict(ResendChance.IMPOSSIBLE, f"its value was cut after {LARGEST_VALUE_BYTES:,} bytes")
    if fault is not None:
        return ResendVerdict(ResendChance.NONE, f"{fault.reason}: {fault}")
    if letter.reason == "stale":
        return ResendVerdict(ResendChance.NONE, "stale: its series has gone on since, so it would be later still")
    return ResendVerdict(ResendChance.GOOD, "it can be read now")
