"""Dead letters in the worker's log: one line for each reason, and then one a minute while they go on."""

import logging
import time
from collections import Counter
from collections.abc import Callable

from app.dead_letters.record_place import RecordPlace

log = logging.getLogger(__name__)

#: Seconds until a reason is mentioned again.
AGAIN_SECONDS = 60.0


class RefusalLog:
    """Counts dead letters by reason, and logs the first of each, with its place. `clock` counts seconds."""

    def __init__(self, topic: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._topic = topic
        self._clock = clock
        self._said: dict[str, float] = {}
        self._unsaid: Counter[str] = Counter()

    def note(self, reason: str, place: RecordPlace, why: Exception) -> None:
        """Count a refused record: the reason, where the record is, and why it was refused."""
        now = self._clock()
        if now - self._said.get(reason, -AGAIN_SECONDS) < AGAIN_SECONDS:
            self._unsaid[reason] += 1
            return
        self._said[reason] = now
        more = self._unsaid.pop(reason, 0)
        log.warning(
            "Refused as %s: %s, %s%s. It is in %s: `stocks dead-letters list --reason %s`",
            reason,
            str(place),
            str(why),
            f"; {more:,} more since the last such line" if more else "",
            self._topic,
            reason,
            extra=place._asdict(),
        )
