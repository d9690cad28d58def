"""One worker's part of an answer, and its form between workers."""

import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.cooperative import in_turns
from web.line import Line
from web.reader import PartitionProgress

VERSION = 2
"""Of the form. Workers of two versions do not read each other's parts, and say so."""

_NAME = "application/x-stock-signals-part"

MEDIA_TYPE = f"{_NAME}; version={VERSION}"
"""A request that accepts it gets an answer in this form; only workers send one."""

_ANY_VERSION = re.compile(rf"{_NAME}(?:; ?version=([0-9]{{1,9}}))?")

#: Lines written at once.
_TOGETHER = 500

#: No line may be longer: the opens of 100,000 symbols are 4 MB, as are what orders so many signals.
_MOST_LINE_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class WorkerPart:
    """A head of small values as JSON, the lines, and the partitions to which they belong.

    `as_of` is when it was read, UTC, milliseconds since 1970.
    """

    head: Mapping[str, Any]
    lines: Sequence[Line] = ()
    partitions: Sequence[PartitionProgress] = ()
    as_of: int = field(default=0)


class NotAPart(ValueError):
    """Bytes in another form; the message says what is wrong."""


def version_of(media_type: str) -> int | None:
    """The version of the form that a media type names; None where it is another type. The first one had no number."""
    found = _ANY_VERSION.fullmatch(media_type)
    return int(found[1] or 1) if found else None


async def write_part(part: WorkerPart) -> AsyncIterator[bytes]:
    """A line of JSON for everything but the lines' own JSON, which follows."""
    progress = [[each.partition, each.position, each.lag, each.confirmed] for each in part.partitions]
    *order, _ = zip(*part.lines, strict=True) if part.lines else ((), (), (), ())
    said = {"head": part.head, "partitions": progress, "as_of": part.as_of, "order": order}
    yield json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    starts = range(0, len(part.lines), _TOGETHER)
    async for start in in_turns(starts):
        yield b"".join([line.json + b"\n" for line in part.lines[start : start + _TOGETHER]])


async def read_part(chunks: AsyncIterator[bytes], most_lines: int | None) -> WorkerPart:
    """The part again. Raises NotAPart, also for more lines than were asked for (None: as many as there are)."""
    said: Any = None
    made: list[bytes] = []
    try:
        async for lines in _lines(chunks):
            if said is None and lines:
                said = json.loads(lines.pop(0))
            made += lines
            if most_lines is not None and len(made) > most_lines:
                raise NotAPart(f"more than {most_lines} lines")
        found = list(map(Line._make, zip(*_order(said["order"]), made, strict=True)))
        progress = [PartitionProgress(*each) for each in said["partitions"]]
        return WorkerPart(dict(said["head"]), found, progress, int(said["as_of"]))
    except (ValueError, TypeError, KeyError) as error:
        raise NotAPart(str(error)) from error


def _order(columns: Any) -> tuple[list[int], list[str], list[int]]:
    """Timestamps, symbols and revisions. Raises ValueError for anything else."""
    kinds = (int, str, int)
    for column, kind in zip(columns, kinds, strict=True):
        if set(map(type, column)) - {kind}:
            raise ValueError(f"not all of {kind.__name__}")
    timestamps, symbols, revisions = columns
    return timestamps, symbols, revisions


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[list[bytes]]:
    """Lines by their line feeds alone, as they come: httpx takes other characters for ends of lines too."""
    rest: list[bytes] = []
    length = 0
    async for chunk in chunks:
        first, *others = chunk.split(b"\n")
        rest.append(first)
        length += len(first)
        if length > _MOST_LINE_BYTES:
            raise NotAPart(f"a line of more than {_MOST_LINE_BYTES} bytes")
        if others:
            yield [b"".join(rest), *others[:-1]]
            rest, length = [others[-1]], len(others[-1])
    if any(rest):
        raise NotAPart("it was cut")
