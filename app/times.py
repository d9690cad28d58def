"""Times for people: milliseconds since 1970 (UTC) as ISO-8601."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def from_iso(text: str) -> int:
    """UTC milliseconds since 1970 of what `iso` wrote. Raises ValueError."""
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(milliseconds=1)


@lru_cache(maxsize=4096)
def iso(timestamp_ms: int) -> str:
    """For example `2024-11-14T14:30:00Z`, with milliseconds only where there are any.

    A time outside the years 1 to 9999 comes back as the number itself.
    """
    try:
        time = _EPOCH + timedelta(milliseconds=timestamp_ms)
    except OverflowError:
        return str(timestamp_ms)
    return time.isoformat(timespec="milliseconds" if timestamp_ms % 1000 else "seconds").replace("+00:00", "Z")
