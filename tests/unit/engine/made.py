"""Batches, messages, options and tables made by hand."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from faust import Event
from faust.types import TP, ConsumerMessage

from app.engine.app import BatchApp, EngineOptions, Prepared
from app.engine.batch import Batch
from app.engine.table import BatchTable

SOURCE = TP("stocks.raw.avro", 0)
TOPIC_ID = "4hKvUXYbSQm0yVZ4bXUfMg"
CHANGELOG = "stock-signals-numbers-changelog"


@dataclass(slots=True, weakref_slot=True)
class Rec:
    """A fetched record."""

    offset: int
    key: bytes | None = b"AAPL"
    value: bytes | None = b"1"
    timestamp: int = 1_731_594_600_000


def records(*offsets: int) -> list[Rec]:
    return [Rec(offset) for offset in offsets]


def batch(start: int, end: int, *, tp: TP = SOURCE, epoch: int = 1) -> Batch:
    """A batch with a record at each of its offsets."""
    return Batch(tp, records(*range(start, end)), start, end, epoch)


def event_of(app: Any, made: Batch, generation: int = 0) -> Event:
    """The event in which Faust hands a batch to an agent."""
    message = ConsumerMessage(
        made.tp.topic,
        made.partition,
        made.start,
        0.0,
        0,
        None,
        None,
        cast(bytes, made),
        None,
        tp=made.tp,
        generation_id=generation,
    )
    return Event(app, None, made, None, message)


def make_options(data_dir: Path, **changes: Any) -> EngineOptions:
    """Options that name a broker which is not there."""
    options: dict[str, Any] = {
        "id": "stock-signals",
        "brokers": ["127.0.0.1:1"],
        "credentials": None,
        "client_id": "stock-signals@127.0.0.1:8001",
        "producer": {"bootstrap.servers": "127.0.0.1:1"},
        "consumer": {"bootstrap.servers": "127.0.0.1:1", "group.id": "stock-signals-restore"},
        "partitions": 2,
        "replication_factor": 1,
        "session_seconds": 10.0,
        "transaction_seconds": 15.0,
        "batch_max": 5000,
        "data_dir": data_dir,
        "web_bind": "127.0.0.1",
        "web_host": "127.0.0.1",
        "web_port": 8001,
        "prepare": lambda app: Prepared({SOURCE.topic: TOPIC_ID}, "stock-signals on cluster one"),
    }
    return EngineOptions(**options | changes)


def make_numbers(app: BatchApp, kind: type[BatchTable] = BatchTable, **kwargs: Any) -> BatchTable:
    """A table of two partitions."""
    table = kind(app, name="numbers", source_topic=SOURCE.topic, partitions=2, **kwargs)
    app.tables.add(table)
    return table
