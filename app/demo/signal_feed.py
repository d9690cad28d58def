"""The signals of one run, as they come."""

import asyncio
from typing import cast

from confluent_kafka import Consumer, TopicPartition

from app.avro.serde import Decoder
from app.domain.records import Signal
from app.kafka.clients import consumer_config, registry
from app.kafka.offsets import watermarks
from app.kafka.topics import topics
from app.settings import Settings

_AT_ONCE = 5_000


class SignalFeed:
    """Reads the topic of signals from where it ends now; the topic must exist. Raises BrokerUnavailable."""

    def __init__(self, settings: Settings, run_id: str) -> None:
        self._run_id, self._mark = run_id, run_id.encode()
        self._decoder = Decoder(registry(settings), "signal")
        self._consumer = Consumer(consumer_config(settings, f"{settings.id}-demo"))
        topic = topics(settings).signals
        partitions = [TopicPartition(topic.name, number) for number in range(topic.partitions)]
        extents = watermarks(self._consumer, partitions)
        for partition in partitions:
            partition.offset = extents[partition.partition].end
        self._consumer.assign(partitions)

    def read(self, timeout_s: float) -> list[Signal]:
        """The signals that have come since the last call, or come within this time. Raises RegistryUnavailable."""
        messages = self._consumer.consume(_AT_ONCE, timeout_s)
        payloads = [message.value() or b"" for message in messages if message.error() is None]
        # A worker that catches up sends thousands of other runs' signals; most need not be decoded.
        payloads = [payload for payload in payloads if self._mark in payload]
        if not payloads:
            return []
        asyncio.run(self._decoder.prepare(payloads))
        signals = [cast(Signal, self._decoder.decode(payload)) for payload in payloads]
        return [signal for signal in signals if signal["run_id"] == self._run_id]

    def close(self) -> None:
        """Leaves the broker."""
        self._consumer.close()
