"""Versions of a table's rows: the newest is written, all are read, an unknown one is named."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


class UnknownFormat(ValueError):
    """A row that this program cannot read: written by a newer one, or damaged."""


@dataclass(frozen=True, slots=True)
class Format:
    """The version that rows are written in, and how a row of each older one becomes one of the next.

    No older version's fixed part is longer than `fixed_size`, in bytes.
    """

    what: str
    version: int
    fixed_size: int
    older: Mapping[int, Callable[[bytes], bytes]] = field(default_factory=dict)

    def current(self, data: bytes) -> bytes:
        """The row in the version that is written now. Raises UnknownFormat when it has none, or is cut off."""
        if data and data[0] != self.version and data[0] not in self.older:
            raise UnknownFormat(
                f"{self.what}: the row has format version {data[0]}, "
                f"this program reads version {self.version} and older ones: run a newer one"
            )
        if len(data) < self.fixed_size:
            raise UnknownFormat(f"{self.what}: the row has {len(data)} bytes, its fixed part alone {self.fixed_size}")
        while data[0] != self.version:
            data = self.older[data[0]](data)
        return data
