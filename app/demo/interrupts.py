"""Makes Ctrl-C safe at every moment of the demo."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """While entered, SIGINT, SIGTERM and SIGHUP raise KeyboardInterrupt, but not where that would lose something."""

    def __init__(self) -> None:
        self._held = False
        self._pending = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._handle) for number in _SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Delay an interrupt to the end of the block: for steps that must be done wholly or not at all."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        if self._pending:
            raise KeyboardInterrupt

    def ignore(self) -> None:
        """Ignore all interrupts from now on: for the cleaning up."""
        self._held = True

    def _handle(self, _: int, __: FrameType | None) -> None:
        if not self._held:
            raise KeyboardInterrupt
        self._pending = True
