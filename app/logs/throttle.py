"""Clients log the same thing ten times a second while a broker is away: it is let through once in a while."""

import logging
import time

#: Seconds until the same message is let through again.
AGAIN_SECONDS = 30.0

#: What aiokafka's modules log to; librdkafka's errors are throttled by their kind, in app.kafka.clients.
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


class OncePerWhile(logging.Filter):
    """Lets a message of a module pass, and then that of the same form only every `again` seconds."""

    def __init__(self, again: float = AGAIN_SECONDS) -> None:
        super().__init__()
        self._again = again
        self._said: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is to be logged."""
        key = (record.name, str(record.msg)[:60])
        now = time.monotonic()
        if now - self._said.get(key, -self._again) < self._again:
            return False
        self._said[key] = now
        return True


def quieten() -> None:
    """Have all talkative loggers say the same only now and then."""
    for name in TALKATIVE:
        logging.getLogger(name).addFilter(OncePerWhile())
