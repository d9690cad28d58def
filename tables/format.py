"""Versions of a table's rows: the newest is written, older ones are read, an unknown one is an error."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class UnknownFormat(ValueError):
    """A row that this program cannot read: written by a newer one, or damaged."""


class Older(NamedTuple):
    """A version that is only read: the size of its fixed part in bytes, and how a row of it becomes one of the next."""

    fixed_size: int
    to_next: Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Format:
    """The version that rows are written in, the size of its fixed part in bytes, and the older versions."""

    what: str
    version: int
    fixed_size: int
    older: Mapping[int, Older] = field(default_factory=dict)

    def current(self, data: bytes) -> bytes:
        """The row in the version that is written now. Raises UnknownFormat if that is unknown, or it is cut off."""
        version = data[0] if data else self.version
        if version != self.version and version not in self.older:
            raise UnknownFormat(
                f"{self.what}: the row has format version {version}, "
                f"this program reads version {self.version} and older ones: run a newer one"
            )
        size = self.fixed_size if version == self.version else self.older[version].fixed_size
        if len(data) < size:
            raise UnknownFormat(f"{self.what}: the row has {len(data)} bytes, its fixed part alone {size}")
        while data[0] != self.version:
            data = self.older[data[0]].to_next(data)
        return data
