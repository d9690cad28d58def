"""Confluent's wire format: a byte that chooses a schema and a reader, then Avro.

Promised of any bytes: `Poison`, or a record of the reader's own types that is
written and read again as the same; in columns, among others that are good, it is what it
is alone; and both folds take every bar that its reader lets pass, into rows that are sound
and signals that can be written.
"""

import asyncio
from io import BytesIO
from typing import Any, cast

import fastavro
from fastavro.types import Schema

import schemas
from app.avro import schema as avro
from app.avro.bars import read_bar
from app.avro.columns import ColumnDecoder
from app.avro.serde import Decoder, Poison
from app.domain.key import table_key
from app.domain.row_integrity import row_fault
from app.domain.strategy import Strategy
from tables.row_format import decode_rows
from tests.harness.doubles.schema_source import SchemasInMemory
from tests.harness.fuzzing.family import Family
from tests.unit.domain.nights import never_open
from tests.unit.domain.pipeline import Pipeline
from tests.unit.engine.made import Rec
from tests.unit.records import BAR, SIGNAL

STRATEGY = Strategy()


def _foreign(**changes: Any) -> dict[str, Any]:
    """Bars as another team might write them."""
    types: dict[str, Any] = {"symbol": "string", "timestamp": "long", "volume": "int", "trade_count": "int"}
    types |= dict.fromkeys(("open", "high", "low", "close", "vwap"), "float") | changes
    return {"type": "record", "name": "Bar", "fields": [{"name": name, "type": kind} for name, kind in types.items()]}


_NUMBERS = ["null", "int", "long", "float", "double", "string", "bytes"]

#: What readers meet: our versions of old and now, and others' that Avro can resolve or has to skip parts of.
WRITERS: list[tuple[str, Any, dict[str, Any]]] = [
    ("bar", schemas.load("bar"), cast(dict[str, Any], BAR)),
    ("bar", schemas.load("bar.v1"), cast(dict[str, Any], BAR)),
    ("bar", schemas.load("bar.v2"), cast(dict[str, Any], BAR)),
    ("signal", schemas.load("signal"), cast(dict[str, Any], SIGNAL)),
    ("bar", _foreign(), {**BAR, "volume": 1200}),
    ("bar", _foreign(symbol="bytes", run_id="bytes"), {**BAR, "volume": 1, "symbol": b"AAPL", "run_id": b"r"}),
    ("bar", _foreign(vwap=_NUMBERS, trade_count=_NUMBERS), {**BAR, "volume": 1}),
    ("bar", _foreign(close=["int", "double"], origin="string"), {**BAR, "volume": 1}),
    (
        "bar",
        _foreign(
            tags={"type": "array", "items": "string"},
            more={"type": "map", "values": ["null", "bytes"]},
            id={"type": "fixed", "name": "Id", "size": 16},
            kind={"type": "enum", "name": "Kind", "symbols": ["A", "B"]},
        ),
        {**BAR, "volume": 1, "tags": ["x", "y"], "more": {"k": None, "l": b"v"}, "id": bytes(16), "kind": "A"},
    ),
    ("bar", _foreign(note="bytes"), {**BAR, "volume": 1, "note": b"the last field, which the reader skips"}),
]

#: The one among them that no bar can be read with: its origin is a string.
UNRESOLVABLE = 7

_registry = SchemasInMemory()
_ids = [_registry.add(schema).to_bytes(4, "big") for _, schema, _ in WRITERS]
_decoders = {name: ColumnDecoder(_registry, name, few=0) for name in ("bar", "signal")}
_readers: dict[str, Schema] = {name: avro.parse(schemas.load(name)) for name in _decoders}
for (_name, _, _), _id in zip(WRITERS, _ids, strict=True):
    asyncio.run(_decoders[_name].prepare([b"\x00" + _id]))


def _seed(number: int) -> bytes:
    _, schema, record = WRITERS[number]
    stream = BytesIO()
    fastavro.schemaless_writer(stream, avro.parse(schema), record)
    return bytes([number]) + stream.getvalue()


def _check(data: bytes) -> None:
    number = data[0] % len(WRITERS) if data else 0
    reader = WRITERS[number][0]
    payload = b"\x00" + _ids[number] + data[1:]
    decoder = _decoders[reader]
    try:
        record = decoder.decode(payload)
    except Poison as poison:
        _check_columns(decoder, payload, str(poison))
        return
    _check_columns(decoder, payload, record)
    made = Rec(7, record["symbol"].encode(), payload)
    folded = reader == "bar" and _fold_bar(decoder, made)
    try:
        written = _written(record, reader)
    except ValueError:
        # Of a number with too many bits fastavro makes one that Avro's types do not have.
        assert not folded
        return
    again = _read(written, reader)
    assert repr(sorted(again.items())) == repr(sorted(record.items())), f"{record} reads as {again} when written again"


def _check_columns(decoder: ColumnDecoder, payload: bytes, alone: str | dict[str, Any]) -> None:
    """In columns, between records of the same schema as they should be, it is what it is alone."""
    right = b"\x00" + _ids[_number(payload)] + _seed(_number(payload))[1:]
    read = decoder.decode_columns([right, payload, right])
    found: dict[int, Any] = dict(
        zip(read.indexes.tolist(), read.columns.to_pylist(maps_as_pydicts="lossy"), strict=True)
    )
    assert list(found) == sorted(found)
    found |= dict(read.records)
    found |= {index: str(poison) for index, poison in read.poisoned}
    assert repr(found[0]) == repr(found[2])
    assert isinstance(found[0], dict) or payload[1:5] == _ids[UNRESOLVABLE]
    assert len(found) == 3
    assert repr(found[1]) == repr(alone)


def _number(payload: bytes) -> int:
    return _ids.index(payload[1:5])


def _written(record: dict[str, Any], reader: str) -> bytes:
    stream = BytesIO()
    fastavro.schemaless_writer(stream, _readers[reader], record, strict=True)
    return stream.getvalue()


def _read(body: bytes, reader: str) -> Any:
    return fastavro.schemaless_reader(BytesIO(body), _readers[reader], None)


def _fold_bar(decoder: Decoder, record: Rec) -> bool:
    try:
        bar = read_bar(decoder, record)
    except Poison:
        return False
    pipeline = Pipeline(STRATEGY, gap=never_open)
    [signal] = pipeline.feed([bar])
    _written(cast(dict[str, Any], signal), "signal")
    series = table_key(bar["run_id"], bar["symbol"])
    [value] = pipeline.table.rows.values()
    assert row_fault(decode_rows([value])[0]) is None
    assert pipeline.view(series) == [signal]
    return True


AVRO = Family("avro", [_seed(number) for number in range(len(WRITERS))], _check)
