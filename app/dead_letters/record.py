"""Makes dead letters: key and value are the bytes as they came, the headers say why."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from app.engine.batch import ProducerRecord, Record
from app.kafka.topics import LARGEST_RECORD_BYTES
from app.times import iso

if TYPE_CHECKING:
    from confluent_kafka._types import HeadersType
    from faust.types import TP

    from app.avro.serde import Poison

#: What is left of a larger value: with its headers it must fit into one record.
LARGEST_VALUE_BYTES = LARGEST_RECORD_BYTES - 64 * 1024

# The broker takes a megabyte a record; a message quoting the record must not fill it.
_MESSAGE_LIMIT = 1000

Headers = list[tuple[str, bytes]]


def dead_letter(topic: str, source: "TP", record: Record, poison: "Poison") -> ProducerRecord:
    """The record to send to the dead letters for one that was read of `source`, to the same partition."""
    return ProducerRecord(
        topic,
        record.key,
        record.value and record.value[:LARGEST_VALUE_BYTES],
        source.partition,
        dead_letter_headers(poison.reason, poison, source.topic, source.partition, record.offset, record.timestamp),
    )


def dead_letter_headers(
    reason: str, exception: BaseException | str, topic: str, partition: int, offset: int, timestamp_ms: int
) -> Headers:
    """Headers reason, exception, topic, partition, offset, time, each as UTF-8 text.

    `timestamp_ms` is the source record's, UTC, and becomes ISO-8601. The reason is one of `app.avro.serde.Reason`.
    """
    message = f"{type(exception).__name__}: {exception}" if isinstance(exception, BaseException) else exception
    values = {
        "reason": reason,
        "exception": message[:_MESSAGE_LIMIT],
        "topic": topic,
        "partition": str(partition),
        "offset": str(offset),
        "time": iso(timestamp_ms),
    }
    return [(name, value.encode("utf-8", "replace")) for name, value in values.items()]


def read_headers(headers: "HeadersType | None") -> dict[str, str]:
    """A message's headers as text; bytes that are not UTF-8 are shown as �, so that any record can be shown."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers or []
    return {
        name: value.decode("utf-8", "replace") if isinstance(value, bytes) else value or "" for name, value in pairs
    }
