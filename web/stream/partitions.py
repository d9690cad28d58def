"""The state of each partition: who makes its signals, and up to when they were read."""

from typing import Any

from app.times import iso
from web.partition_status import Status
from web.reader import PartitionOwner, Reader
from web.stream.hub import Hub
from web.stream.position import Vector


class Partitions:
    """The partitions in progress events and snapshots."""

    def __init__(self, hub: Hub, reader: Reader) -> None:
        self._hub, self._reader = hub, reader

    def now(self, vector: Vector) -> list[dict[str, Any]]:
        """Partition, position, as_of and status of each, as far as this worker knows without asking others."""
        is_recovering = self._reader.readiness().recovering
        return [self.entry(each.partition, vector, self._status(each, is_recovering)) for each in self._reader.owners()]

    def entry(self, partition: int, vector: Vector, status: Status) -> dict[str, Any]:
        """A partition, as events have it."""
        as_of = self._hub.as_of[partition] if self._hub.as_of else 0
        return {
            "partition": partition,
            "position": vector[partition],
            "as_of": iso(as_of) if as_of else None,
            "status": status,
        }

    def _status(self, each: PartitionOwner, is_recovering: bool) -> Status:
        if self._hub.trouble:
            return "unreachable"
        if each.here:
            return "recovering" if is_recovering else "active"
        return "active" if each.owner else "unassigned"
