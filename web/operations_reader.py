"""Reads the newest dead letters for the operations page."""

import asyncio
import time
from collections import Counter

from confluent_kafka import Consumer, TopicPartition

from app.dead_letters.letter import Letter, read_letter
from app.kafka.address import advertised_host
from app.kafka.broker import Broker
from app.kafka.clients import consumer_config
from app.kafka.offsets import watermarks
from app.kafka.topics import topics
from app.settings import Settings
from web.operations import NewestLetters

#: Of each partition so many of the newest letters are read at most, and so many of all of them are kept.
_EACH, _KEPT = 200, 200

#: However many pages ask, the topic is read once in so many seconds.
_KEEP_SECONDS = 5.0
_READ_SECONDS = 5.0


class OperationsReader:
    """This worker's address, and dead letters, which are read from their topic in a thread."""

    def __init__(self, settings: Settings) -> None:
        self.address = f"http://{advertised_host(settings)}:{settings.api_port}"
        self._settings = settings
        self._lock = asyncio.Lock()
        self._letters = NewestLetters(0, {}, [])
        self._read_at = float("-inf")

    async def dead_letters(self, limit: int) -> NewestLetters:
        """The newest dead letters, at most some seconds old. Raises StocksError."""
        async with self._lock:
            if time.monotonic() - self._read_at > _KEEP_SECONDS:
                self._letters = await asyncio.to_thread(newest_letters, self._settings)
                self._read_at = time.monotonic()
        read, reasons, letters = self._letters
        return NewestLetters(read, reasons, letters[:limit])


def newest_letters(settings: Settings) -> NewestLetters:
    """The newest letters of each partition, the newest first by the time of their records. Raises StocksError."""
    topic = topics(settings).dead_letters.name
    found = Broker(settings).metadata().topics.get(topic)
    if found is None or found.error:
        return NewestLetters(0, {}, [])
    consumer = Consumer(consumer_config(settings, f"{settings.id}-page") | {"enable.partition.eof": True})
    letters: list[Letter] = []
    try:
        unread: set[int] = set()
        start: list[TopicPartition] = []
        places = [TopicPartition(topic, number) for number in found.partitions]
        for number, (low, high) in watermarks(consumer, places).items():
            if high > low:
                start.append(TopicPartition(topic, number, max(low, high - _EACH)))
                unread.add(number)
        consumer.assign(start)
        deadline = time.monotonic() + _READ_SECONDS
        while unread and time.monotonic() < deadline:
            for message in consumer.consume(500, 0.2):
                if message.error() is not None:  # The end of a partition; other errors are met again at the next read.
                    unread.discard(message.partition() or 0)
                else:
                    letters.append(read_letter(message))
    finally:
        consumer.close()
    letters.sort(key=lambda letter: (letter.time_ms or 0, letter.place.offset), reverse=True)
    return NewestLetters(len(letters), dict(Counter(each.reason or "unknown" for each in letters)), letters[:_KEPT])
