"""Describes a dead letter, and what would happen if it were sent again."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.cli.json_lines import json_line
from app.dead_letters.letter import Letter
from app.dead_letters.resend_verdict import ResendChance, ResendVerdict

_BYTES_A_LINE = 16
_LINES = 64
_EXAMPLES = 3

Judged = Sequence[tuple[Letter, ResendVerdict]]


def details(letter: Letter, value: Mapping[str, Any] | str, verdict: ResendVerdict) -> Iterator[str]:
    """The lines that describe one letter. `value` is decoded, or a sentence that says why it cannot be."""
    yield f"reason      {letter.reason or '-'}"
    yield f"why         {letter.why or '-'}"
    yield f"from        {letter.source or '-'}"
    yield f"time        {letter.time or '-'}"
    yield f"letter      {letter.place}"
    yield f"key         {'none' if letter.key is None else repr(letter.key)}"
    yield f"sent again  {verdict.chance.value}: {verdict.why}"
    if isinstance(value, str):
        yield f"value       {value}"
        yield from hex_dump(letter.value or b"")
    else:
        yield f"value       {json_line(value)}"


def hex_dump(data: bytes) -> Iterator[str]:
    """Offset, hexadecimal and ASCII, 16 bytes a line; the first kilobyte."""
    for start in range(0, min(len(data), _LINES * _BYTES_A_LINE), _BYTES_A_LINE):
        row = data[start : start + _BYTES_A_LINE]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        yield f"  {start:06x}  {row.hex(' '):<{3 * _BYTES_A_LINE - 1}}  {text}"
    if len(data) > _LINES * _BYTES_A_LINE:
        yield f"  … {len(data):,} bytes in all"


def plan(judged: Judged, late_bars: int) -> Iterator[str]:
    """What would be sent and what not, each with its reason."""
    yield f"{_letters(len(judged))} chosen."
    for chance in ResendChance:
        group = [(letter, verdict) for letter, verdict in judged if verdict.chance is chance]
        if not group:
            continue
        yield f"  {len(group):,} {chance.value}:"
        for reason, count in Counter(letter.reason or "-" for letter, _ in group).most_common():
            yield f"    {count:,} {reason}"
        if chance is not ResendChance.GOOD:
            for letter, verdict in group[:_EXAMPLES]:
                yield f"      {letter.source or letter.place}: {verdict.why}"
    if any(letter.reason == "unknown_schema" for letter, _ in judged):
        yield (
            "A worker asks the registry again for an id that it did not know, but only after 30 s: "
            "after registering a schema, wait so long."
        )
    yield (
        f"A bar behind more than LATE_BARS={late_bars} newer ones of its series comes back as `stale`; "
        "one that was processed already is a duplicate, or `stale`, and changes nothing."
    )


def _letters(count: int) -> str:
    return f"{count:,} dead letter{'' if count == 1 else 's'}"
