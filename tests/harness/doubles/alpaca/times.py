"""Times as Alpaca reads and writes them."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")

_RFC_3339 = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_DAY_NS = 86_400 * 10**9


def parse_ns(text: str, *, end: bool = False) -> int:
    """Nanoseconds since 1970 of an RFC 3339 time, as strict as Go's parser, or of a date (its last one if `end`).

    Raises ValueError with Alpaca's words.
    """
    try:
        if _DATE.fullmatch(text):
            return _ns(datetime.fromisoformat(text).replace(tzinfo=UTC)) + (_DAY_NS - 1 if end else 0)
        if match := _RFC_3339.fullmatch(text):
            seconds, fraction, zone = match.groups()
            return _ns(datetime.fromisoformat(seconds + zone)) + int((fraction or "0").ljust(9, "0"))
    except ValueError:
        pass
    raise ValueError(f'parsing time "{text}" as "2006-01-02T15:04:05Z07:00": cannot parse "{text}"')


@lru_cache(maxsize=10_000)
def text_of(moment_ms: int) -> str:
    """RFC 3339 in UTC, to the second, as in a bar."""
    return datetime.fromtimestamp(moment_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def new_york_text(moment_ms: int) -> str:
    """RFC 3339 in New York's time, as in the trading API."""
    return new_york(moment_ms).isoformat()


def new_york(moment_ms: int) -> datetime:
    return datetime.fromtimestamp(moment_ms / 1000, NEW_YORK)


def _ns(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000
