"""Clients log the same thing ten times a second while a broker is away: it is let through once in a while."""

import logging
import time
from collections.abc import Hashable

#: Seconds until the same message is let through again.
AGAIN_SECONDS = 30.0

#: What aiokafka's modules log to.
TALKATIVE = (
    "aiokafka",
    "aiokafka.client",
    "aiokafka.cluster",
    "aiokafka.conn",
    "aiokafka.consumer.consumer",
    "aiokafka.consumer.fetcher",
    "aiokafka.consumer.group_coordinator",
    "aiokafka.producer.sender",
)


class LogThrottle(logging.Filter):
    """Lets each kind of message pass once, and then again only every `again` seconds.

    As a filter of a logger it takes for one kind what one module logs in the same form, whatever the values.
    """

    def __init__(self, again: float = AGAIN_SECONDS) -> None:
        super().__init__()
        self._again = again
        self._passed_at: dict[Hashable, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is to be logged."""
        return self.allows((record.name, str(record.msg)[:60]))

    def allows(self, kind: Hashable) -> bool:
        """Whether a message of this kind is to be logged now; if so, the next ones wait."""
        now = time.monotonic()
        if now - self._passed_at.get(kind, -self._again) < self._again:
            return False
        self._passed_at[kind] = now
        return True


def throttle_talkative_loggers() -> None:
    """Have aiokafka's loggers log the same thing only once in a while."""
    for name in TALKATIVE:
        logging.getLogger(name).addFilter(LogThrottle())
