"""Where bars came from, kept once a window: its bars hold an index instead of the texts."""

from collections.abc import Iterable
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
    """The same object for the same texts: thousands of windows have one in common."""
    return Provenance(origin, source, feed, adjustment)


def in_use(provenances: list[Provenance], indexes: Iterable[int]) -> tuple[list[Provenance], dict[int, int]]:
    """The provenances that bars with these indexes use, in their old order, and the new index of each old one."""
    used = sorted(set(indexes))
    return [provenances[old] for old in used], {old: new for new, old in enumerate(used)}
