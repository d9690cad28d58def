"""How `stocks tail` shows a record: as a dictionary for JSON, and in the columns of a table."""

import asyncio
import base64
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from confluent_kafka import Message

from app.avro.serde import Decoder, Poison, SchemaSource
from app.cli.table_columns import Column, columns, letter_columns
from app.dead_letters.record import read_headers


class UndecodableRecord(NamedTuple):
    """A record that cannot be decoded: its place and why."""

    reason: str
    message: str
    partition: int
    offset: int
    value: bytes | None


class RecordView(Protocol):
    """How the records of a topic look."""

    columns: list[Column]

    def records(self, batch: list[Message]) -> Iterator[Mapping[str, Any] | UndecodableRecord]:
        """The records of the batch that the user asked for, decoded."""


class RecordsView:
    """Records of a schema; raises RegistryUnavailable while reading."""

    def __init__(
        self,
        registry: SchemaSource,
        schema: str,
        *,
        symbol: str | None = None,
        run_id: str | None = None,
    ) -> None:
        self.columns = columns(schema)
        self._decoder = Decoder(registry, schema)
        self._wanted = {name: value for name, value in (("symbol", symbol), ("run_id", run_id)) if value is not None}

    def records(self, batch: list[Message]) -> Iterator[Mapping[str, Any] | UndecodableRecord]:
        """The records of the symbol and run, decoded; those that cannot be decoded come as a fault."""
        asyncio.run(self._decoder.prepare(message.value() for message in batch))
        for message in batch:
            try:
                record = self._decoder.decode(message.value())
            except Poison as poison:
                place = message.partition() or 0, message.offset() or 0
                yield UndecodableRecord(poison.reason, str(poison), *place, message.value())
                continue
            if all(record[name] == value for name, value in self._wanted.items()):
                yield record


class LettersView:
    """Dead letters: their headers, key and bytes."""

    def __init__(self, *, symbol: str | None = None) -> None:
        self.columns = letter_columns()
        self._symbol = symbol

    def records(self, batch: list[Message]) -> Iterator[Mapping[str, Any] | UndecodableRecord]:
        """The letters whose key is the symbol; their value stays as bytes."""
        for message in batch:
            key = message.key()
            text = None if key is None else key.decode("utf-8", "replace")
            if self._symbol is not None and text != self._symbol:
                continue
            said = read_headers(message.headers())
            yield {
                "reason": said.get("reason"),
                "exception": said.get("exception"),
                "topic": said.get("topic"),
                "partition": _number(said.get("partition")),
                "offset": _number(said.get("offset")),
                "time": said.get("time"),
                "key": text,
                "value": message.value(),
            }


def for_json(record: Mapping[str, Any] | UndecodableRecord) -> Mapping[str, Any]:
    """The record for JSON: its bytes as `value_base64`."""
    fields = record._asdict() if isinstance(record, UndecodableRecord) else record
    if "value" not in fields:
        return fields
    value = fields["value"]
    rest = {name: field for name, field in fields.items() if name != "value"}
    return rest | {"value_base64": None if value is None else base64.b64encode(value).decode("ascii")}


def _number(text: str | None) -> int | None:
    return int(text) if text and text.removeprefix("-").isdecimal() else None
