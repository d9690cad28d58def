"""How each partition is: who makes its signals, and up to when they were read."""

from typing import Any

from app.iso_time import iso
from web.reader import Reader
from web.stream.hub import Hub
from web.stream.position import Vector


class Partitions:
    """What progress events and snapshots say of the partitions."""

    def __init__(self, hub: Hub, reader: Reader) -> None:
        self._hub, self._reader = hub, reader

    def owners(self) -> list[tuple[bool, str | None]]:
        """Of each partition whether it is here, and else its worker's base URL; None where no worker has it."""
        elsewhere = {each.partition: each.owner for each in self._reader.missing_partitions()}
        return [(number not in elsewhere, elsewhere.get(number)) for number in range(self._hub.source.partitions)]

    def now(self, vector: Vector) -> list[dict[str, Any]]:
        """Partition, position, as_of and status of each, as far as this worker knows without asking others."""
        is_recovering = self._reader.readiness().recovering
        return [
            self.told(number, vector, self._status(is_here, owner, is_recovering))
            for number, (is_here, owner) in enumerate(self.owners())
        ]

    def told(self, partition: int, vector: Vector, status: str) -> dict[str, Any]:
        """The form in which a partition is told of."""
        as_of = self._hub.as_of[partition] if self._hub.as_of else 0
        return {
            "partition": partition,
            "position": vector[partition],
            "as_of": iso(as_of) if as_of else None,
            "status": status,
        }

    def _status(self, is_here: bool, owner: str | None, is_recovering: bool) -> str:
        if self._hub.trouble:
            return "unreachable"
        if is_here:
            return "recovering" if is_recovering else "active"
        return "active" if owner else "unassigned"
