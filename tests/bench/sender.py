"""Sending bars as the producer does."""

from collections.abc import Iterable
from time import time
from typing import Any

from confluent_kafka import Producer

from app.engine.batch import ProducerRecord
from app.engine.full_queue import BY_KEY, produce_all
from app.kafka.clients import producer_config
from app.kafka.topics import Topic
from app.settings import Settings
from tests.bench.recorded_bars import Record


class Sender:
    """A producer of bars, with the settings of ours but for `changes`."""

    def __init__(self, settings: Settings, topic: Topic, **changes: Any) -> None:
        self._topic = topic.name
        self._producer = Producer(producer_config(settings) | changes)

    def send(self, records: Iterable[Record]) -> float:
        """Send and wait until the broker has all; returns when the first was given to the client (s since 1970)."""
        started = time()
        produce_all(self._producer, (ProducerRecord(self._topic, key, value, BY_KEY) for key, value in records))
        assert self._producer.flush(60) == 0
        return started
