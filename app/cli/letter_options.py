"""The options that choose dead letters, shared by `list` and `replay`."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from app.dead_letters.letter_filter import LetterFilter
    from app.dead_letters.record_place import RecordPlace
    from app.settings import Settings

_RANGE = re.compile(r"(\d*)\.\.(\d*)|(\d+)")
_OWN_PLACE = re.compile(r"(\d+):(\d+)")
_EVERYTHING = 2**63


def _moment(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
    from app.sources.timestamps import parse_timestamp

    try:
        return None if text is None else parse_timestamp(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _offsets(_: click.Context, __: click.Parameter, text: str | None) -> range | None:
    if text is None:
        return None
    found = _RANGE.fullmatch(text)
    if not found or text == "..":
        raise click.BadParameter(f"{text!r} is no range: write 100..200 (both included), 100.., ..200 or 100")
    first, last, only = found.groups()
    if only:
        return range(int(only), int(only) + 1)
    return range(int(first or 0), int(last) + 1 if last else _EVERYTHING)


def _reasons(_: click.Context, __: click.Parameter, names: tuple[str, ...]) -> frozenset[str]:
    from typing import get_args

    from app.avro.serde import Reason

    known = get_args(Reason)
    for name in names:
        if name not in known:
            raise click.BadParameter(f"{name!r} is not one of {', '.join(known)}")
    return frozenset(names)


_OPTIONS = [
    click.option("--reason", "reasons", multiple=True, callback=_reasons, help="Only this reason's; may be repeated."),
    click.option("--topic", help="Only those that came from this topic."),
    click.option("--partition", type=click.IntRange(min=0), help="Only those of this partition."),
    click.option("--offsets", metavar="A..B", callback=_offsets, help="Only those from these offsets of that topic."),
    click.option("--symbol", "--key", "key", help="Only those with this key, which is the symbol."),
    click.option("--since", metavar="TIME", callback=_moment, help="Sent at this time or later; ISO-8601, UTC."),
    click.option("--until", metavar="TIME", callback=_moment, help="Sent before this time."),
]


def letter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add these options. The command gets each as a field of `LetterFilter`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def place(settings: "Settings", text: str) -> "RecordPlace":
    """Parse a record's place: `stocks.raw.avro[1]@392`, or `1:392` in the dead-letters topic itself."""
    from app.dead_letters.record_place import RecordPlace, parse_place
    from app.kafka.topics import topics

    own = _OWN_PLACE.fullmatch(text)
    if own:
        return RecordPlace(topics(settings).dead_letters.name, int(own[1]), int(own[2]))
    found = parse_place(text)
    if found is None:
        raise click.UsageError(
            f"{text!r} names no dead letter: write stocks.raw.avro[1]@392 as `stocks dead-letters list` shows it, "
            "or PARTITION:OFFSET of the dead-letters topic"
        )
    return found


def letter_filter(settings: "Settings", wheres: tuple[str, ...], **fields: Any) -> "LetterFilter":
    """Join the options and the places into one choice."""
    from app.dead_letters.letter_filter import LetterFilter

    return LetterFilter(places=frozenset(place(settings, text) for text in wheres), **fields)
