"""How many dead letters this worker wrote in the last day, by reason."""

import time
from collections import Counter, deque
from collections.abc import Callable

_DAY_SECONDS = 24 * 3600.0
#: Counts are kept by spans of this length, so that there are at most 289 of them a reason.
_SPAN_SECONDS = 300.0


class RecentLetters:
    """Counts since the worker started, and no longer than 24 hours; for one thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        #: When each span began, and its counts; oldest first.
        self._spans: deque[tuple[float, Counter[str]]] = deque()

    def add(self, reason: str) -> None:
        """Count a dead letter."""
        now = self._clock()
        if not self._spans or now - self._spans[-1][0] >= _SPAN_SECONDS:
            self._forget(now)
            self._spans.append((now, Counter()))
        self._spans[-1][1][reason] += 1

    def counts(self) -> dict[str, int]:
        """By reason, the most frequent first."""
        self._forget(self._clock())
        total: Counter[str] = Counter()
        for _, counts in self._spans:
            total.update(counts)
        return dict(total.most_common())

    def _forget(self, now: float) -> None:
        while self._spans and now - self._spans[0][0] >= _DAY_SECONDS:
            self._spans.popleft()


#: The counts of this process.
recent_letters = RecentLetters()
