"""Whether a dead letter's record can be processed now, if it is sent again."""

from enum import Enum
from typing import NamedTuple

from app.avro.serde import Poison
from app.dead_letters.letter import Letter
from app.dead_letters.record import LARGEST_VALUE_BYTES
from app.kafka.topics import Topics


class Hope(Enum):
    """Whether sending a record again makes sense."""

    GOOD = "would be read now"
    NONE = "would come back"
    IMPOSSIBLE = "cannot be sent"


class Prospect(NamedTuple):
    """Whether to send one letter again, with the reason."""

    hope: Hope
    why: str


def prospect(letter: Letter, topics: Topics, fault: Poison | None) -> Prospect:
    """Judge a letter. `fault` says why its value cannot be read now; None if it can be."""
    if letter.source is None:
        return Prospect(Hope.IMPOSSIBLE, "its headers do not say where it came from")
    if letter.source.topic != topics.raw.name:
        return Prospect(
            Hope.IMPOSSIBLE, f"{letter.source.topic} is no topic that workers of these settings read: see TOPIC_PREFIX"
        )
    if letter.value is not None and len(letter.value) >= LARGEST_VALUE_BYTES:
        return Prospect(Hope.IMPOSSIBLE, f"its value was cut after {LARGEST_VALUE_BYTES:,} bytes")
    if fault is not None:
        return Prospect(Hope.NONE, f"{fault.reason}: {fault}")
    if letter.reason == "stale":
        return Prospect(Hope.NONE, "stale: its series has gone on since, so it would be later still")
    return Prospect(Hope.GOOD, "it can be read now")
