"""A batch: what one fetch brought of one partition."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from faust.types import TP


class Record(Protocol):
    """What the engine reads of a fetched Kafka record."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


@dataclass(slots=True, eq=False)
class Batch:
    """Records of one partition, in offset order, and the offsets they span.

    `start` and `end` bound what the batch covers, [start, end): offsets that hold
    no record, such as transaction markers, belong to the batch they come before.
    `epoch` counts the seeks of the partition: a batch fetched before a seek is void.
    """

    tp: TP
    records: Sequence[Record]
    start: int
    end: int
    epoch: int
    acked: bool = field(default=False)

    @property
    def partition(self) -> int:
        """The partition all records are of."""
        return self.tp.partition
