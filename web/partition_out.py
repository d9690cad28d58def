"""The state of each partition in answers."""

from collections.abc import Iterable

from app.times import iso
from web.models import PartitionOut
from web.partition_status import PartitionStatus


def partitions_out(partitions: Iterable[PartitionStatus]) -> list[PartitionOut]:
    """The answers' form of partitions, by number."""
    return [
        PartitionOut(
            partition=each.partition,
            owner=each.owner,
            position=each.position,
            lag=each.lag,
            as_of=None if each.as_of is None else iso(each.as_of),
            status=each.status,
        )
        for each in sorted(partitions, key=lambda each: each.partition)
    ]
