"""What the values of both tables share: the version byte and the texts, which are packed and read once."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import get_args

from app.domain.labels import Label
from app.domain.records import Origin

Texts = tuple[str, str, tuple[Label, ...]]

_ORIGINS = get_args(Origin)


class UnknownFormat(ValueError):
    """A table's value that this program cannot read: written by a newer one, or damaged."""


@dataclass(frozen=True, slots=True)
class Format:
    """The version that values are written in, and how a value of each older one becomes one of the next.

    No older version's header is longer than `header_size`, in bytes.
    """

    what: str
    version: int
    header_size: int
    older: Mapping[int, Callable[[bytes], bytes]]

    def of_today(self, data: bytes) -> bytes:
        """The value in the version that is written today. Raises UnknownFormat when it has none, or no whole header."""
        if data and data[0] != self.version and data[0] not in self.older:
            raise UnknownFormat(
                f"{self.what}: the value has format version {data[0]}, "
                f"this program reads version {self.version} and older ones: run a newer one"
            )
        if len(data) < self.header_size:
            raise UnknownFormat(f"{self.what}: the value has {len(data)} bytes, its header alone {self.header_size}")
        while data[0] != self.version:
            data = self.older[data[0]](data)
        return data


@lru_cache(maxsize=4096)
def pack_texts(topic_id: str, strategy: str, labels: tuple[Label, ...]) -> bytes:
    """Topic id, strategy and labels as JSON; the same for nearly all windows of a run, hence the cache."""
    return json.dumps([topic_id, strategy, labels], separators=(",", ":")).encode()


@lru_cache(maxsize=4096)
def unpack_texts(data: bytes) -> Texts:
    """The reverse of `pack_texts`; labels of version 1 lack their adjustment.

    Raises UnknownFormat for anything that it does not make.
    """
    try:
        topic_id, strategy, labels = json.loads(data)
        if not isinstance(topic_id, str) or not isinstance(strategy, str):
            raise TypeError("topic id or strategy is no text")
        return topic_id, strategy, tuple(_label(*label) for label in labels)
    except (ValueError, TypeError, RecursionError) as error:
        raise UnknownFormat(f"the value's texts cannot be read: {error}") from error


def _label(origin: Origin, *texts: str) -> Label:
    if origin not in _ORIGINS or not all(isinstance(text, str) for text in texts):
        raise TypeError(f"not a label: {(origin, *texts)!r}")
    return Label(origin, *texts)
