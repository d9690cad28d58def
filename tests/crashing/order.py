"""What a worker is told to do to itself, and where it then says that it did. A killed process can say nothing else."""

import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from app.engine.points import Point


class Fault(StrEnum):
    KILL = "kill -9"
    STOP = "SIGSTOP"
    TERM = "SIGTERM"
    RAISE = "an exception"


class Order(NamedTuple):
    """A fault of an agent at a point of its `batch`-th batch from now, or the first after that which has the point."""

    agent: str
    point: Point
    fault: Fault
    batch: int


class Struck(NamedTuple):
    """Where a fault was let happen; of a group sent in part, how many records the broker had, and the last's offset."""

    order: Order
    pid: int
    topic: str
    partition: int
    start: int
    end: int
    part_topic: str = ""
    part: int = 0
    of: int = 0
    part_offset: int = -1


class Orders:
    """A folder with at most one order in it. Several workers may share it: one of them carries the order out."""

    def __init__(self, directory: Path) -> None:
        self._order = directory / "order.json"
        self._struck = directory / "struck.json"

    def give(self, order: Order) -> None:
        self._struck.unlink(missing_ok=True)
        _write(self._order, order._asdict())

    def read(self) -> Order | None:
        try:
            return _order(json.loads(self._order.read_text()))
        except FileNotFoundError:
            return None

    def take(self, struck: Struck) -> bool:
        """Take the order and say so; False when another worker was first."""
        try:
            self._order.rename(self._order.with_suffix(f".{struck.pid}"))
        except FileNotFoundError:
            return False
        _write(self._struck, struck._asdict() | {"order": struck.order._asdict()})
        return True

    def struck(self) -> Struck | None:
        try:
            found = json.loads(self._struck.read_text())
        except FileNotFoundError:
            return None
        return Struck(**found | {"order": _order(found["order"])})


def _order(values: Mapping[str, Any]) -> Order:
    return Order(values["agent"], Point(values["point"]), Fault(values["fault"]), values["batch"])


def _write(path: Path, values: Mapping[str, Any]) -> None:
    """All at once: who finds the file finds it complete."""
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(values))
    draft.rename(path)
