"""Reads and writes many Avro records at once with pyruhvro, and accepts exactly what fastavro accepts."""

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyruhvro
from fastavro.schema import to_parsing_canonical_form
from fastavro.types import Schema

#: What pyruhvro raises on bytes that the schema does not describe.
_UNREADABLE = (ValueError, OverflowError)

#: A group of so few records is not split again.
_FEW = 8


class FastSchema(NamedTuple):
    """A writer's schema that pyruhvro reads, and the reader's fields that it does not have."""

    text: str
    defaults: Mapping[str, Any]


def canonical(schema: Schema) -> str:
    """A parsed schema as text, without what only people read: pyruhvro parses it at each call."""
    return to_parsing_canonical_form(schema)


def fast_schema(writer: Any, reader: Any) -> FastSchema | None:
    """How pyruhvro reads what was written with `writer` as `reader`, both parsed; None where fastavro must.

    It does where every field of the writer is the reader's, and what is missing has a default that is no record.
    """
    if not isinstance(writer, dict) or writer["type"] != "record" or writer["name"] != reader["name"]:
        return None
    written = {field["name"]: json.dumps(field["type"], sort_keys=True) for field in _fields(writer)}
    wanted = {field["name"]: json.dumps(field["type"], sort_keys=True) for field in _fields(reader)}
    missing = [field for field in reader["fields"] if field["name"] not in written]
    if any(wanted.get(name) != kind for name, kind in written.items()):
        return None
    if any(not isinstance(field.get("default", {}), str | int | float | None) for field in missing):
        return None
    return FastSchema(canonical(writer), {field["name"]: field["default"] for field in missing})


def _fields(schema: Any) -> Any:
    return json.loads(canonical(schema))["fields"]


def read_columns(bodies: Sequence[bytes], schema: FastSchema, fields: pa.Schema) -> tuple[pa.RecordBatch, list[int]]:
    """Records as columns with these fields, and the indexes of those that could not be read so: nearly always none.

    bodies: Avro without a header. A record that is shorter than its bytes could not be read.
    """
    good: list[pa.RecordBatch] = []
    refused: list[int] = []
    _read(bodies, 0, schema, good, refused)
    batches = []
    for batch in good:
        known = set(batch.schema.names)
        columns = [
            batch[field.name] if field.name in known else _repeated(schema.defaults[field.name], batch, field)
            for field in fields
        ]
        batches.append(pa.RecordBatch.from_arrays(columns, schema=fields))
    return one_batch(batches or [pa.RecordBatch.from_pylist([], fields)]), refused


def one_batch(batches: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    """All rows of batches, at least one, with the same fields."""
    filled = [batch for batch in batches if batch.num_rows] or [batches[0]]
    return filled[0] if len(filled) == 1 else pa.concat_batches(filled)


def _read(
    bodies: Sequence[bytes], start: int, schema: FastSchema, good: list[pa.RecordBatch], refused: list[int]
) -> None:
    """Read what can be read; one bad record fails the whole call, so look for it by halves."""
    try:
        batch = pyruhvro.deserialize_array(bodies, schema.text)
        batch.validate(full=True)  # pyruhvro does not see every text that is not UTF-8.
    except _UNREADABLE:
        if len(bodies) <= _FEW:
            refused += range(start, start + len(bodies))
            return
        middle = len(bodies) // 2
        _read(bodies[:middle], start, schema, good, refused)
        _read(bodies[middle:], start + middle, schema, good, refused)
        return
    # Bytes behind a record are not noticed: written again it would be shorter.
    lengths = pc.binary_length(_written(batch, schema.text))
    whole = lengths.to_numpy() == np.fromiter(map(len, bodies), np.int64, len(bodies))
    if not whole.all():
        refused += (start + np.flatnonzero(~whole)).tolist()
        batch = batch.filter(pa.array(whole))
    good.append(batch)


def write_columns(batch: pa.RecordBatch, schema: str, header: bytes) -> list[bytes]:
    """Each record as Avro, behind a header; `schema` as `canonical` has it."""
    written = _written(batch, schema)
    _, offsets, data = written.buffers()
    ends = np.frombuffer(offsets, np.int32, len(written) + 1).tolist()
    joined = data.to_pybytes() if data is not None else b""
    return [header + joined[start:end] for start, end in pairwise(ends)]


def _written(batch: pa.RecordBatch, schema: str) -> pa.BinaryArray:
    # The other one waits for a thread of a pool: some milliseconds where all cores are busy.
    [written] = pyruhvro.serialize_record_batch_spawn(batch, schema, 1)
    return written


def _repeated(value: Any, batch: pa.RecordBatch, field: pa.Field) -> pa.Array:
    return pa.repeat(pa.scalar(value, field.type), batch.num_rows)


def arrow_fields(schema: Schema) -> pa.Schema:
    """The Arrow fields of a parsed Avro schema."""
    fields = pyruhvro.avro_to_arrow_schema(canonical(schema))
    return pa.schema([pa.field(field.name, field.type) for field in fields])
