"""One dead letter, read back from its topic."""

import re
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Message

from app.dead_letters.record import read_headers
from app.dead_letters.record_place import RecordPlace
from app.sources.timestamps import parse_timestamp

_NUMBER = re.compile(r"[0-9]{1,19}")


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter: where it is, where its record came from, why, and the bytes as they came.

    `source` and `time` are None where the headers do not say so: another program may have written it.
    `time` is the source record's, as in the header; `time_ms` the same in UTC epoch milliseconds.
    """

    place: RecordPlace
    source: RecordPlace | None
    reason: str
    why: str
    time: str | None
    time_ms: int | None
    key: bytes | None
    value: bytes | None

    @property
    def key_text(self) -> str | None:
        """The key for people."""
        return None if self.key is None else self.key.decode("utf-8", "replace")

    def record(self) -> dict[str, Any]:
        """The fields as `stocks tail dead-letters` names them, and where the letter itself is."""
        topic, partition, offset = self.source or (None, None, None)
        return {
            "reason": self.reason or None,
            "exception": self.why or None,
            "topic": topic,
            "partition": partition,
            "offset": offset,
            "time": self.time,
            "key": self.key_text,
            "value": self.value,
            "letter": f"{self.place.partition}:{self.place.offset}",
        }


def read_letter(message: Message) -> Letter:
    """The letter of a consumed record, whatever its headers are."""
    said = read_headers(message.headers())
    time = said.get("time") or None
    return Letter(
        place=RecordPlace(message.topic() or "", message.partition() or 0, message.offset() or 0),
        source=_source(said),
        reason=said.get("reason", ""),
        why=said.get("exception", ""),
        time=time,
        time_ms=_milliseconds(time),
        key=message.key(),
        value=message.value(),
    )


def _source(said: dict[str, str]) -> RecordPlace | None:
    topic, partition, offset = said.get("topic"), said.get("partition", ""), said.get("offset", "")
    if not topic or not (_NUMBER.fullmatch(partition) and _NUMBER.fullmatch(offset)):
        return None
    return RecordPlace(topic, int(partition), int(offset))


def _milliseconds(time: str | None) -> int | None:
    try:
        return None if time is None else parse_timestamp(time)
    except ValueError:
        return None
