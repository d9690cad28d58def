"""Decodes the topic's bytes: into the fields that filters need, and into JSON for clients."""

import asyncio
import logging
from collections.abc import Sequence
from sys import intern
from typing import cast

import pyarrow as pa
from confluent_kafka import Message
from pydantic import ValidationError

from app.avro.columns import ColumnDecoder
from app.avro.serde import HEADER, SchemaSource
from app.domain.records import Signal
from web.json_columns import signals_json
from web.signal_out import signal_out
from web.stream.position import Vector
from web.stream.signal_batch import SignalBatch, SignalRecord

_FIELDS = ("run_id", "symbol", "transition", "timestamp", "revision", "emitted_at")

log = logging.getLogger(__name__)


class SignalCodec:
    """Reads messages of stocks.signals; for threads but for `prepare`'s caller, of which there is one at a time."""

    def __init__(self, registry: SchemaSource) -> None:
        self._decoder = ColumnDecoder(registry, "signal")
        self._known: set[bytes] = set()

    def batch(self, messages: Sequence[Message], before: Vector, after: Vector) -> SignalBatch:
        """Messages as a batch; those that are no signals are left out. Raises RegistryUnavailable; not for the loop."""
        payloads = [message.value() for message in messages]
        self._prepare(payloads)
        decoded = self._decoder.decode_columns(payloads)
        columns = decoded.columns
        named = (columns["run_id"], columns["symbol"], columns["transition"])
        times = (columns[name].cast("int64") for name in ("timestamp", "revision", "emitted_at"))
        lists = (column.to_pylist() for column in (*named, *times))
        found = dict(zip(decoded.indexes.tolist(), zip(*lists, strict=True), strict=True))
        for index, record in decoded.records:
            found[index] = tuple(record[name] for name in _FIELDS)
        for index, poison in decoded.poisoned:
            message = messages[index]
            where = {"topic": message.topic(), "partition": message.partition(), "offset": message.offset()}
            log.warning("%s[%s]@%s is no signal: %s", *where.values(), poison, extra=where)
        records = []
        newest = (0, "")
        for index in sorted(found):
            run_id, symbol, is_transition, timestamp, revision, emitted_at = found[index]
            message = messages[index]
            place = cast(int, message.partition()), cast(int, message.offset())
            value = cast(bytes, payloads[index])
            records.append(
                SignalRecord(*place, intern(run_id), intern(symbol), is_transition, timestamp, revision, value)
            )
            newest = max(newest, (emitted_at, run_id))
        return SignalBatch(records, before, after, newest)

    def _prepare(self, payloads: Sequence[bytes | None]) -> None:
        headers = {payload[:HEADER] for payload in payloads if payload}
        if not headers <= self._known:
            asyncio.run(self._decoder.prepare(payloads))
            self._known |= headers

    def json(self, records: Sequence[SignalRecord]) -> list[bytes]:
        """Each as in GET /signals."""
        decoded = self._decoder.decode_columns([record.value for record in records])
        found = dict(zip(decoded.indexes.tolist(), signals_json(decoded.columns), strict=True))
        for index, record in decoded.records:
            try:
                found[index] = signal_out(cast(Signal, record)).model_dump_json().encode()
            except ValidationError:  # Another program wrote what is no number: null, as in columns.
                [found[index]] = signals_json(pa.RecordBatch.from_pylist([record], self._decoder.fields))
        return [found[index] for index in range(len(records))]
