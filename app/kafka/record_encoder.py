"""Encodes the records of one topic."""

from collections.abc import Mapping
from itertools import repeat
from typing import Any

import pyarrow as pa

from app.avro.columns import ColumnEncoder
from app.avro.registry import Registry
from app.engine.batch import ProducerRecord
from app.kafka.topics import Topic


class RecordEncoder:
    """Encodes records for a topic; its schema is registered when the first is due.

    Not sooner: in a registry that has lost its schemas it could take the id that bars in Kafka begin with.
    """

    def __init__(self, topic: Topic, registry: Registry) -> None:
        if topic.schema is None:
            raise ValueError(f"{topic.name} has no schema")
        self._topic = topic
        self._registry = registry
        self._encoder = ColumnEncoder(topic.schema)
        self._registered = False

    async def prepare(self) -> None:
        """Register the schema once. Raises RegistryUnavailable, IncompatibleSchema."""
        if not self._registered:
            await self._encoder.register(self._registry, self._topic.subject)
            self._registered = True

    def encode(self, record: Mapping[str, Any], partition: int) -> ProducerRecord:
        """The record to send, keyed by its symbol, to the partition that it follows from."""
        return ProducerRecord(self._topic.name, record["symbol"].encode(), self._encoder.encode(record), partition)

    def encode_columns(self, records: pa.RecordBatch, partition: int) -> list[ProducerRecord]:
        """The records to send, as `encode` makes each."""
        keys, values = records["symbol"].cast(pa.binary()).to_pylist(), self._encoder.encode_columns(records)
        columns = repeat(self._topic.name), keys, values, repeat(partition), repeat(None)
        return list(map(ProducerRecord._make, zip(*columns, strict=False)))
