"""What one worker answers of its own partitions, and its form between workers."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.cooperative import in_turns
from web.line import Line
from web.reader import PartitionProgress

MEDIA_TYPE = "application/x-stock-signals-part"
"""A request that accepts it gets an answer in this form; only workers send one."""

#: Lines written at once.
_TOGETHER = 50

#: No line may be longer: the opens of 100,000 symbols are 4 MB.
_MOST_LINE_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Part:
    """What small things there are to say by name, as JSON has them; the lines; and of which partitions this is.

    `as_of` is when it was read, UTC, milliseconds since 1970.
    """

    head: Mapping[str, Any]
    lines: Sequence[Line] = ()
    partitions: Sequence[PartitionProgress] = ()
    as_of: int = field(default=0)


class NotAPart(ValueError):
    """Bytes in another form; the message says what is wrong."""


async def write_part(part: Part) -> AsyncIterator[bytes]:
    """A line of JSON for everything but the lines, then one for each of these, with tabs between its fields."""
    progress = [[each.partition, each.position, each.lag, each.confirmed] for each in part.partitions]
    said = {"head": part.head, "partitions": progress, "as_of": part.as_of}
    yield json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    some: list[bytes] = []
    async for line in in_turns(part.lines):
        symbol = json.dumps(line.symbol, ensure_ascii=False).encode()
        some.append(b"%d\t%s\t%d\t%s\n" % (line.timestamp, symbol, line.revision, line.json))
        if len(some) == _TOGETHER:
            yield b"".join(some)
            some = []
    yield b"".join(some)


async def read_part(chunks: AsyncIterator[bytes], most_lines: int | None) -> Part:
    """The part again. Raises NotAPart, also for more lines than were asked for (None: as many as there are)."""
    found: list[Line] = []
    said: Any = None
    try:
        async for line in _lines(chunks):
            if said is None:
                said = json.loads(line)
                continue
            if most_lines is not None and len(found) == most_lines:
                raise NotAPart(f"more than {most_lines} lines")
            timestamp, symbol, revision, signal = line.split(b"\t", 3)
            found.append(Line(int(timestamp), json.loads(symbol), int(revision), signal))
        progress = [PartitionProgress(*each) for each in said["partitions"]]
        return Part(dict(said["head"]), found, progress, int(said["as_of"]))
    except (ValueError, TypeError, KeyError) as error:
        raise NotAPart(str(error)) from error


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Lines by their line feeds alone: httpx takes other characters for ends of lines too."""
    rest = b""
    async for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        async for line in in_turns(lines):
            yield line
        if len(rest) > _MOST_LINE_BYTES:
            raise NotAPart(f"a line of more than {_MOST_LINE_BYTES} bytes")
    if rest:
        raise NotAPart("it was cut")
