"""Partitions in words, for people."""

from faust.types import TP

from app.engine.in_words import in_words


def test_partitions_in_words() -> None:
    assert in_words({TP("raw", 1), TP("raw", 0), TP("other", 0)}) == "other[0] and raw[0, 1]"
    assert in_words(set()) == "no partition: others have them all"
