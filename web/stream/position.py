"""How far a client has read: the next offset of each partition, which is also the id of its events."""

import re
from typing import NamedTuple
from urllib.parse import quote, unquote

Vector = tuple[int, ...]
"""The next offset to read of each partition of stocks.signals."""

_ID = re.compile(r"([0-9]{1,9}:[0-9]{1,18}(?:,[0-9]{1,9}:[0-9]{1,18})*)(?:@(.*))?")


class UnreadableId(ValueError):
    """An id that did not come from this API; the message says why."""


class StreamId(NamedTuple):
    """Where a client was, and which run it followed where its address named none."""

    vector: Vector
    run_id: str | None


def format_id(vector: Vector, run_id: str | None) -> str:
    """For example `0:1042,1:998`, with `@run` behind it where the address does not name the run."""
    return ",".join(map(_part, range(len(vector)), vector)) + run_suffix(run_id)


def run_suffix(run_id: str | None) -> str:
    """What an id ends with when the address names no run: without it, a resume could mix two runs."""
    return f"@{quote(run_id, safe='')}" if run_id else ""


def parse_id(text: str, partitions: int) -> StreamId:
    """Read an id; a partition that it leaves out stands at 0. Raises UnreadableId."""
    match = _ID.fullmatch(text.strip())
    if match is None:
        raise UnreadableId(f"{text[:80]!r} is no id of this stream")
    offsets = [0] * partitions
    for part in match[1].split(","):
        partition, offset = map(int, part.split(":"))
        if partition >= partitions:
            raise UnreadableId(f"the id names partition {partition}, but there are {partitions}")
        offsets[partition] = offset
    return StreamId(tuple(offsets), unquote(match[2]) if match[2] else None)


def merged(vector: Vector, other: Vector) -> Vector:
    """The later position of each partition."""
    return vector if vector == other else tuple(map(max, vector, other))


def is_behind(vector: Vector, other: Vector) -> bool:
    """Whether any partition stands before the other's."""
    return any(one < two for one, two in zip(vector, other, strict=True))


class Ids:
    """The ids of one event after another: only the part that changes is written again."""

    def __init__(self, vector: Vector) -> None:
        self.offsets = list(vector)
        self._parts = list(map(_part, range(len(vector)), vector))

    def pass_by(self, partition: int, offset: int) -> None:
        """A record was read."""
        self.offsets[partition] = offset + 1
        self._parts[partition] = _part(partition, offset + 1)

    def __str__(self) -> str:
        return ",".join(self._parts)


def _part(partition: int, offset: int) -> str:
    return f"{partition}:{offset}"
