"""Records of one topic, encoded."""

from collections.abc import Mapping
from typing import Any

from app.engine.batch import ProducerRecord
from app.registry import Registry
from app.serde import Encoder
from app.topics import Topic


class RecordEncoder:
    """Encodes records for a topic; its schema is registered when the first is due."""

    def __init__(self, topic: Topic, registry: Registry) -> None:
        if topic.schema is None:
            raise ValueError(f"{topic.name} has no schema")
        self._topic = topic
        self._registry = registry
        self._encoder = Encoder(topic.schema)
        self._registered = False

    async def prepare(self) -> None:
        """Register the schema once. Raises RegistryUnavailable, IncompatibleSchema."""
        if not self._registered:
            await self._encoder.register(self._registry, self._topic.subject)
            self._registered = True

    def encode(self, record: Mapping[str, Any], partition: int) -> ProducerRecord:
        """The record to send, keyed by its symbol, to the partition that it follows from."""
        return ProducerRecord(self._topic.name, record["symbol"].encode(), self._encoder.encode(record), partition)
