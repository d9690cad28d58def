"""What the values of both tables share: the version byte and the texts, which are packed and read once."""

import json
from functools import lru_cache
from typing import get_args

from app.domain.labels import Label
from app.domain.records import Origin

Texts = tuple[str, str, tuple[Label, ...]]

_ORIGINS = get_args(Origin)


class UnknownFormat(ValueError):
    """A table's value that this program cannot read: written by a newer one, or damaged."""


def check_version(data: bytes, version: int, header_size: int, what: str) -> None:
    """Raise UnknownFormat unless the value is of this version and has a whole header."""
    if not data:
        raise UnknownFormat(f"{what}: the value is empty")
    if data[0] != version:
        raise UnknownFormat(
            f"{what}: the value has format version {data[0]}, this program reads version {version}: run a newer one"
        )
    if len(data) < header_size:
        raise UnknownFormat(f"{what}: the value has {len(data)} bytes, its header alone {header_size}")


@lru_cache(maxsize=4096)
def pack_texts(topic_id: str, strategy: str, labels: tuple[Label, ...]) -> bytes:
    """Topic id, strategy and labels as JSON; the same for nearly all windows of a run, hence the cache."""
    return json.dumps([topic_id, strategy, labels], separators=(",", ":")).encode()


@lru_cache(maxsize=4096)
def unpack_texts(data: bytes) -> Texts:
    """The reverse of `pack_texts`.

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
