"""The options for files: `--tz`, `--map`, `--symbol`, `--sort`."""

import datetime
import re
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.sources.base import SourceError
from app.sources.files.bar_rows import symbol_fault

REQUIRED = ("symbol", "timestamp", "open", "high", "low", "close", "volume")
OPTIONAL = ("trade_count", "vwap")
COLUMNS = REQUIRED + OPTIONAL

NEW_YORK = "America/New_York"

_EXAMPLE = """for example --map 'close="Adj Close",timestamp=Date+Time'"""
# name = part + part, where a part is quoted like CSV or has none of the signs that mean something.
_PART = r'(?:"(?:[^"]|"")*"|[^",+=]+)'
_PAIR = re.compile(rf"\s*([A-Za-z_]+)\s*=\s*({_PART}(?:\s*\+\s*{_PART})*)\s*(?:,|$)")
_PARTS = re.compile(_PART)


@dataclass(frozen=True, slots=True)
class FileOptions:
    """The options that were given; None or empty for those that were not."""

    zone: zoneinfo.ZoneInfo | None = None
    #: Our columns, each with the names of those of the file that it is made of: one, or for `timestamp` several.
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    symbol: str | None = None
    sort: bool = False
    #: Bytes of text that are read at once: fewer where many files are open.
    block: int = 1 << 18


def parse_zone(text: str) -> zoneinfo.ZoneInfo:
    """The zone of that name. Raises ValueError with a sentence."""
    try:
        zone = zoneinfo.ZoneInfo(text)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"{text!r} is not a time zone: give one by its name, for example {NEW_YORK}, Europe/Berlin or UTC."
        ) from None
    # A folder of zones can be opened on some systems.
    zone.utcoffset(datetime.datetime(2024, 1, 1))  # noqa: DTZ001
    return zone


def parse_map(text: str) -> dict[str, tuple[str, ...]]:
    """Our columns on the left, theirs on the right, joined by `+`. Raises ValueError with a sentence."""
    found: dict[str, tuple[str, ...]] = {}
    at = 0
    while at < len(text):
        pair = _PAIR.match(text, at)
        if not pair:
            raise ValueError(f"{text[at:][:60]!r} is not a column of ours = a column of the file: {_EXAMPLE}.")
        ours, theirs = pair[1].lower(), tuple(_unquoted(part) for part in _PARTS.findall(pair[2]))
        if ours not in COLUMNS:
            raise ValueError(f"{ours!r} is not a column of ours: they are {', '.join(COLUMNS)}.")
        if ours in found:
            raise ValueError(f"{ours} is there twice.")
        if len(theirs) > 1 and ours != "timestamp":
            raise ValueError(f"Only a timestamp is made of several columns, not {ours}.")
        found[ours], at = theirs, pair.end()
    return found


def parse_symbol(text: str) -> str:
    """The symbol. Raises ValueError with a sentence."""
    if fault := symbol_fault(text):
        raise ValueError(f"{fault}.")
    return text


def no_symbol(what: str) -> SourceError:
    """The error for rows whose symbol is not known."""
    return SourceError(f"{what} does not say whose bars these are: name the symbol, for example --symbol AAPL.")


def _unquoted(part: str) -> str:
    part = part.strip()
    return part[1:-1].replace('""', '"') if part.startswith('"') else part
