"""Where a bar came from."""

from functools import lru_cache
from typing import NamedTuple

from app.domain.records import Origin


class Provenance(NamedTuple):
    """Origin, source, feed and adjustment of a bar; signals do not say the last."""

    origin: Origin
    source: str
    feed: str
    adjustment: str = ""


@lru_cache(maxsize=4096)
def provenance_of(origin: Origin, source: str, feed: str, adjustment: str) -> Provenance:
    """The same object for the same texts: thousands of bars have one in common."""
    return Provenance(origin, source, feed, adjustment)
