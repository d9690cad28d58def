"""Where bars came from, kept once a series: rows hold an index instead of the strings."""

from collections.abc import Iterable
from typing import NamedTuple

from app.domain.records import Origin


class Label(NamedTuple):
    """Origin, source, feed and adjustment of a bar; signals do not say the last."""

    origin: Origin
    source: str
    feed: str
    adjustment: str = ""


def in_use(labels: list[Label], indexes: Iterable[int]) -> tuple[list[Label], dict[int, int]]:
    """The labels that rows with these indexes use, in their old order, and the new index of each old one."""
    used = sorted(set(indexes))
    return [labels[old] for old in used], {old: new for new, old in enumerate(used)}
