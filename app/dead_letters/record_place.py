"""The place of a record, as people write it."""

import re
from typing import NamedTuple

_TEXT = re.compile(r"(?P<topic>[a-zA-Z0-9._-]+)\[(?P<partition>\d+)\]@(?P<offset>\d+)")


class RecordPlace(NamedTuple):
    """A record's topic, partition and offset; as text `stocks.raw.avro[1]@392`."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}[{self.partition}]@{self.offset}"


def parse_place(text: str) -> RecordPlace | None:
    """The place that a text names; None when it names none."""
    found = _TEXT.fullmatch(text)
    return RecordPlace(found["topic"], int(found["partition"]), int(found["offset"])) if found else None
