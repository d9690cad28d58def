"""What a measurement knows of the program that it measures: a worker of ours, several, or a peer."""

from typing import Protocol

import httpx


class WorkerEnded(Exception):
    """The program ended before its work did."""


class WorkerStuck(Exception):
    """The program does not get on, or does not end."""


class Running(Protocol):
    """One or more processes that turn bars into signals."""

    @property
    def api(self) -> httpx.Client | None:
        """Where its signals can be asked for; None: nowhere."""

    def check_alive(self) -> None:
        """Raise WorkerEnded if it has ended."""

    def is_ready(self) -> bool:
        """Whether bars that are sent now are processed at once."""

    def ready_at(self) -> float | None:
        """When it began to fetch (seconds since 1970); None: not yet."""

    def cpu_seconds(self) -> float:
        """Processor time so far, of all its threads."""

    def resident_bytes(self) -> int:
        """How much memory it has now."""

    def log_tail(self) -> str:
        """What it said last."""

    def stop(self) -> None:
        """End it gently. Raises WorkerStuck."""

    def kill(self) -> None:
        """End it at once (kill -9) if it still runs."""
