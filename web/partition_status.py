"""The state of a partition: its owner, how far it is, and whether the answer has its data."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["active", "recovering", "unreachable", "incompatible", "unassigned"]


@dataclass(frozen=True, slots=True)
class PartitionStatus:
    """A partition of the topic of bars.

    `owner` is the base URL of the worker that holds it, None when none is known to. `position` is the next
    offset that it will process, `lag` how many records are left, `as_of` when that was so (UTC, milliseconds
    since 1970); None where they are not known. An answer has the partition's data where it is `active`.
    """

    partition: int
    owner: str | None
    status: Status
    position: int | None = None
    lag: int | None = None
    as_of: int | None = None
