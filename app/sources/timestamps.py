"""Parses timestamps as people write them."""

import datetime
from functools import lru_cache

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MILLISECOND = datetime.timedelta(milliseconds=1)
# Of the years 1990 to 2100, every one in seconds lies below and every one in milliseconds above.
_SECONDS_BELOW = 100_000_000_000


# Longer texts are no timestamps, and must not fill the cache of those that were read before.
_LONGEST = 64


def parse_timestamp(text: str) -> int:
    """UTC milliseconds since 1970, from ISO-8601 (without a zone: UTC) or epoch milliseconds or seconds.

    Seconds and milliseconds of the years 1990 to 2100 cannot be confused: they differ in the number of digits.
    What is finer than a millisecond is cut off. Raises ValueError with a sentence.
    """
    if len(text) > _LONGEST:
        raise _no_timestamp(text)
    return _milliseconds(text)


@lru_cache(maxsize=4096)
def _milliseconds(text: str) -> int:
    if text.isascii() and text.isdigit():
        number = int(text)
        return number * 1000 if number < _SECONDS_BELOW else number
    return (_moment(text) - _EPOCH) // _MILLISECOND


def _moment(text: str) -> datetime.datetime:
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise _no_timestamp(text) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)


def _no_timestamp(text: str) -> ValueError:
    return ValueError(f"timestamp is {text[:_LONGEST]!r}, neither ISO-8601 (2024-11-14T14:30:00Z) nor epoch ms")
