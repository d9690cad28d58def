"""What a worker must do to itself, and where it then says that it did. A killed process can say nothing else."""

import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from app.engine.failpoints import Failpoint


class CrashFault(StrEnum):
    KILL = "kill -9"
    STOP = "SIGSTOP"
    TERM = "SIGTERM"
    RAISE = "an exception"
    #: Of the thread only: heartbeats go on. Until `Orders.release`.
    STALL = "a thread that stands still"


#: Come to in the event loop, which must go on: a signal is heeded there.
IN_THE_LOOP = frozenset({Failpoint.AFTER_FOLD, Failpoint.AFTER_ACK})

#: The broker has what was produced when the fault comes: what a crash leaves open is then there to be aborted.
AT_THE_BROKER = frozenset({Failpoint.SOME_PRODUCED, Failpoint.BEFORE_COMMIT})


class Order(NamedTuple):
    """A fault at a point of the `batch`-th batch from now, or of the first after that which comes to the point."""

    point: Failpoint
    fault: CrashFault
    batch: int


class Struck(NamedTuple):
    """Where a fault was let happen."""

    order: Order
    pid: int
    topic: str
    partition: int
    start: int
    end: int

    def __str__(self) -> str:
        """As the engine names batches."""
        return f"{self.topic}[{self.partition}]@{self.start}..{self.end - 1}"


class Orders:
    """A folder with at most one order in it. Several workers may share it: one of them carries the order out."""

    def __init__(self, directory: Path) -> None:
        self._order = directory / "order.json"
        self._struck = directory / "struck.json"
        self._directory = directory

    def give(self, order: Order) -> None:
        self._struck.unlink(missing_ok=True)
        _write(self._order, order._asdict())

    def withdraw(self) -> bool:
        """Take the order back; False when a worker was first, which says so a moment later."""
        try:
            self._order.unlink()
        except FileNotFoundError:
            return False
        return True

    def stalled(self, pid: int) -> Path:
        """A thread of this process stands still as long as this file is there."""
        return self._directory / f"stalled.{pid}"

    def release(self) -> None:
        """Let stalled threads go on."""
        for stalled in self._directory.glob("stalled.*"):
            stalled.unlink()

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
    return Order(Failpoint(values["point"]), CrashFault(values["fault"]), values["batch"])


def _write(path: Path, values: Mapping[str, Any]) -> None:
    """All at once: who finds the file finds it complete."""
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(values))
    draft.rename(path)
