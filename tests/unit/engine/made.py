"""Batches, messages and tables made by hand."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from faust import Event
from faust.types import TP, ConsumerMessage

from app.engine.app import BatchApp
from app.engine.batch import Batch
from app.engine.table import BatchTable
from app.settings import Settings

SOURCE = TP("stocks.raw.avro", 0)
TOPIC_ID = "4hKvUXYbSQm0yVZ4bXUfMg"


@dataclass(slots=True)
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


def changelog(*entries: Rec, partition: int = 0) -> Batch:
    """A batch of changelog records, as recovery gets them."""
    tp = TP("stock-signals-numbers-changelog", partition)
    return Batch(tp, entries, entries[0].offset, entries[-1].offset + 1, epoch=0)


def event_of(app: Any, made: Batch, generation: int = 0) -> Event:
    """The event in which Faust hands a batch to an agent or a table."""
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


def make_settings(data_dir: Path, **changes: Any) -> Settings:
    """Settings that name a broker and a registry which are not there."""
    nowhere = {"kafka_bootstrap": "127.0.0.1:1", "schema_registry_url": "http://127.0.0.1:1"}
    return Settings(_env_file=None, data_dir=data_dir, **nowhere | changes)  # type: ignore[call-arg]


class Numbers(BatchTable):
    """Its values are numbers as text; the higher one is the newer."""


def make_numbers(app: BatchApp) -> Numbers:
    table = Numbers(
        app, name="numbers", source_topic=SOURCE.topic, partitions=2, position_of=lambda value: (TOPIC_ID, int(value))
    )
    app.tables.add(table)
    return table
