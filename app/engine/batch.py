"""A batch: the records of one partition that one fetch brought, and the records that follow from them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from faust.types import TP, Message


class Record(Protocol):
    """The fields of a fetched Kafka record that the engine reads."""

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
    #: Faust's message that carried the batch; set when an agent takes it.
    message: Message | None = field(default=None)
    #: When an agent took it (monotonic seconds).
    begun_at: float = field(default=0.0)

    @property
    def partition(self) -> int:
        """The partition all records are of."""
        return self.tp.partition

    @property
    def place(self) -> dict[str, str | int]:
        """Where its records are, as fields for a log record (`extra=`): topic, partition, first and last offset."""
        return {
            "topic": self.tp.topic,
            "partition": self.tp.partition,
            "offset": self.start,
            "last_offset": self.end - 1,
        }

    def __str__(self) -> str:
        """For example `stocks.raw.avro[3]@1200..1399`."""
        return f"{self.tp.topic}[{self.tp.partition}]@{self.start}..{self.end - 1}"


Headers = Sequence[tuple[str, bytes]]

ToSend = tuple[str, bytes | None, bytes | None, int, Headers | None]
"""What a ProducerRecord holds. Plain tuples take a sixth of the time to make, and a batch has thousands."""


class ProducerRecord(NamedTuple):
    """One record to send."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int
    headers: Headers | None = None


@dataclass(slots=True)
class BatchResult:
    """All that follows from one batch: records for other topics, and the table's rows that it changes."""

    outputs: list[ProducerRecord] = field(default_factory=list)
    rows: Mapping[bytes, bytes] = field(default_factory=dict)
    #: Called once everything is committed and stored; counts what happened.
    done: Callable[[], None] = lambda: None
