"""Partitions in words, for people."""

from collections import defaultdict
from collections.abc import Iterable

from faust.types import TP


def in_words(tps: Iterable[TP]) -> str:
    """Partitions by topic: `raw[0, 1] and other[0]`."""
    by_topic: defaultdict[str, list[int]] = defaultdict(list)
    for tp in sorted(tps):
        by_topic[tp.topic].append(tp.partition)
    found = (f"{topic}[{', '.join(map(str, partitions))}]" for topic, partitions in by_topic.items())
    return " and ".join(found) or "no partition: others have them all"
