"""How new an answer must be: a request can wait for its own write, and refuse older data."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from web.errors import ProblemError
from web.partition_status import PartitionStatus

WAIT_SECONDS = 5.0
"""How long an answer waits for positions that are not reached yet."""

RETRY_AFTER_SECONDS = 2

POSITIONS = "[0-9]{1,9}:[0-9]{1,18}(,[0-9]{1,9}:[0-9]{1,18})*"


def parse_positions(text: str) -> dict[int, int]:
    """Read `3:1042,5:998`: the next offset of each partition; of one named twice the later. Raises ValueError."""
    if not re.fullmatch(POSITIONS, text):
        raise ValueError("it should be partitions with the next offset of each, such as 3:1042,5:998")
    found: dict[int, int] = {}
    for part in text.split(","):
        partition, offset = map(int, part.split(":"))
        found[partition] = max(offset, found.get(partition, 0))
    return found


@dataclass(frozen=True, slots=True)
class Freshness:
    """What an answer has to include: positions of the raw topic by partition; and how far it may lag, in records."""

    min_position: Mapping[int, int] = field(default_factory=dict)
    max_lag: int | None = None

    @property
    def seconds(self) -> float:
        """How long to wait."""
        return WAIT_SECONDS if self.min_position else 0.0

    def of(self, partition: int) -> Self:
        """The conditions for a single partition."""
        return replace(self, min_position={at: each for at, each in self.min_position.items() if at == partition})

    def query(self) -> dict[str, str]:
        """As query parameters."""
        positions = ",".join(f"{partition}:{offset}" for partition, offset in self.min_position.items())
        asked = {"min_position": positions or None, "max_lag": self.max_lag}
        return {name: str(value) for name, value in asked.items() if value is not None}

    def check(self, partitions: Sequence[PartitionStatus], count: int) -> None:
        """Raise the 503 when any of the partitions is staler, or how stale it is is not known.

        `partitions` are those that the answer is of, `count` is how many there are at all. Raises the 422 where a
        position is of none of these.
        """
        if unknown := [each for each in self.min_position if each >= count]:
            raise ProblemError(422, f"min_position names partition {unknown[0]}, but there are {count}, from 0 on.")
        faults = [
            fault
            for each in partitions
            for fault in (self._behind(each, self.min_position.get(each.partition)), self._late(each))
            if fault
        ]
        if faults:
            raise ProblemError(
                503,
                f"There is no answer as new as asked for: {'; '.join(faults)}. Try again in {RETRY_AFTER_SECONDS} s.",
                {"Retry-After": str(RETRY_AFTER_SECONDS)},
                kind="stale",
            )

    def _behind(self, each: PartitionStatus, wanted: int | None) -> str | None:
        if wanted is None or (each.status == "active" and each.position is not None and each.position >= wanted):
            return None
        if each.status != "active" or each.position is None:
            return f"how far partition {each.partition} is read is not known, it is {each.status}"
        return f"partition {each.partition} is read up to {each.position}, and min_position is {wanted}"

    def _late(self, each: PartitionStatus) -> str | None:
        if self.max_lag is None or (each.status == "active" and each.lag is not None and each.lag <= self.max_lag):
            return None
        if each.status != "active" or each.lag is None:
            return f"the lag of partition {each.partition} is not known, it is {each.status}"
        return f"partition {each.partition} lags {each.lag} records behind, and max_lag is {self.max_lag}"


AS_IT_IS = Freshness()
"""Whatever there is."""
