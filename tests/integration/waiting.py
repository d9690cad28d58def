"""Waiting for what happens in another process."""

import time
from collections.abc import Callable

#: Beside tests that start a dozen workers at once, the start of one alone took 50 s.
START_SECONDS = 120.0


def eventually(
    happens: Callable[[], object], seconds: float, otherwise: Callable[[], str] = lambda: "it did not happen"
) -> None:
    """Return once `happens` does; fail after so many seconds with what `otherwise` says."""
    deadline = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < deadline, f"after {seconds:g} s: {otherwise()}"
        time.sleep(0.1)


def passes(seconds: float) -> Callable[[], bool]:
    """Whether so many seconds have passed since this was called."""
    deadline = time.monotonic() + seconds
    return lambda: time.monotonic() >= deadline
