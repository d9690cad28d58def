"""At most so many messages in any minute."""

import time
from collections import deque
from collections.abc import Callable

_MINUTE_S = 60.0


class RateLimit:
    """Counts messages over the last 60 seconds. `clock` counts seconds."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sent: deque[float] = deque(maxlen=per_minute)

    def allows(self) -> bool:
        """Whether another message may be sent now."""
        return len(self._sent) < (self._sent.maxlen or 0) or self._clock() - self._sent[0] >= _MINUTE_S

    def count(self) -> None:
        """Count a message that was sent."""
        self._sent.append(self._clock())
