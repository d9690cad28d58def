"""Decides when a worker that has ended is started again, and when it is given up."""

import os
import signal
import time
from collections.abc import Callable

#: A worker that ran for so long had a good start: longer than it restores tables before something else fails.
GOOD_START_SECONDS = 600.0

#: After so many bad starts in a row it will not get well by itself.
BAD_STARTS = 5

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 30.0

#: After so many short runs the pause has long been the longest; 2.0 ** 1024 is no float any more.
MOST_DOUBLINGS = 10

#: Someone ended it, or the broker is away: not the worker's fault.
BLAMELESS = frozenset({0, os.EX_TEMPFAIL, -signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP})


class Restarts:
    """Decides for one worker. `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started_at = 0.0
        self._short_runs = 0
        self._bad_starts = 0

    def started(self) -> None:
        """Note that it was started."""
        self._started_at = self._clock()

    def ended(self, status: int) -> float | None:
        """Seconds until it should start again, more with each short run; None if it fails start after start.

        `status` is that of subprocess: below 0 for a signal.
        """
        if self._clock() - self._started_at >= GOOD_START_SECONDS:
            self._short_runs = self._bad_starts = 0
        doublings = min(self._short_runs, MOST_DOUBLINGS)
        pause = min(FIRST_PAUSE_SECONDS * 2.0**doublings, LONGEST_PAUSE_SECONDS)
        self._short_runs += 1
        self._bad_starts += status not in BLAMELESS
        return None if self._bad_starts >= BAD_STARTS else pause
