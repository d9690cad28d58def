"""An event loop whose clock is ahead of everyone: work that gives way to others every few milliseconds does so at each
step.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_STEP_SECONDS = 0.01


class HurriedLoop(asyncio.SelectorEventLoop):
    """Whenever someone looks at the clock, 10 ms have passed."""

    def __init__(self) -> None:
        self._now = 0.0
        super().__init__()

    def time(self) -> float:
        """Seconds since the loop was made."""
        self._now += _STEP_SECONDS
        return self._now


def hurried(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run it on a loop of its own."""
    with asyncio.Runner(loop_factory=HurriedLoop) as runner:
        return runner.run(coroutine)
