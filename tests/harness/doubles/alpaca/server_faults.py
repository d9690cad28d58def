"""What goes wrong, by script: each planned fault happens to the next request that it is meant for, once."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from tests.harness.doubles.alpaca.request_log import LoggedRequest


@dataclass(frozen=True, slots=True)
class Status:
    """An answer of another status: in JSON, `{"code": …, "message": …}`, or in a gateway's HTML."""

    status: int
    message: str = "internal server error"
    html: bool = False
    retry_after: str | None = None


@dataclass(frozen=True, slots=True)
class Slow:
    """The right answer, so many seconds of real time late."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Reset:
    """A connection reset in the middle of the answer's body."""


@dataclass(frozen=True, slots=True)
class CutOff:
    """The connection closed in order, but before the length that was announced."""


@dataclass(frozen=True, slots=True)
class Truncated:
    """A complete answer whose JSON ends in the middle."""


Fault = Status | Slow | Reset | CutOff | Truncated
Meant = Callable[[LoggedRequest], bool]


def any_request(_: LoggedRequest) -> bool:
    return True


def bars_request(request: LoggedRequest) -> bool:
    return request.path.endswith("/bars")


def further_page(request: LoggedRequest) -> bool:
    return request.is_further_page


class ServerFaults:
    """The script, first come first served."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: list[tuple[Fault, Meant]] = []

    def plan(self, fault: Fault, meant: Meant = bars_request, times: int = 1) -> None:
        with self._lock:
            self._planned += [(fault, meant)] * times

    def take(self, request: LoggedRequest) -> Fault | None:
        with self._lock:
            for at, (fault, meant) in enumerate(self._planned):
                if meant(request):
                    del self._planned[at]
                    return fault
        return None

    def clear(self) -> None:
        """Nothing more goes wrong."""
        with self._lock:
            self._planned.clear()

    @property
    def left(self) -> int:
        """How many have not happened yet."""
        return len(self._planned)
