import math
from io import BytesIO
from typing import Any

import fastavro
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import schemas
from app.avro import schema as avro
from app.avro.registry import RegistryUnavailable
from app.avro.serde import Decoder, Encoder, Poison
from tests.harness.doubles.schema_source import SchemasInMemory
from tests.unit.records import BAR, SIGNAL

V1_FIELDS = ("symbol", "timestamp", "open", "high", "low", "close", "volume", "trade_count", "vwap")


@pytest.fixture
def registry() -> SchemasInMemory:
    return SchemasInMemory()


async def encoded(registry: SchemasInMemory, name: str, record: Any) -> bytes:
    encoder = Encoder(name)
    await encoder.register(registry, f"{name}-value")
    return encoder.encode(record)


async def decoded(registry: SchemasInMemory, payload: bytes, name: str = "bar") -> dict[str, Any]:
    decoder = Decoder(registry, name)
    await decoder.prepare([payload])
    return decoder.decode(payload)


SPLIT = {**SIGNAL, "reason": "split_suspected", "split": {"previous_close": 96.2, "open": 24.1}}


@pytest.mark.parametrize(("name", "record"), [("bar", BAR), ("signal", SIGNAL), ("signal", SPLIT)])
async def test_a_record_comes_back_as_it_was_with_times_as_milliseconds(
    registry: SchemasInMemory, name: str, record: Any
) -> None:
    assert await decoded(registry, await encoded(registry, name, record), name) == record


async def test_the_wire_format_is_confluents(registry: SchemasInMemory) -> None:
    registry.schemas = dict.fromkeys(range(1, 300))
    payload = await encoded(registry, "bar", BAR)
    assert payload[:5] == b"\x00\x00\x00\x01\x2c"
    assert payload[5:10] == b"\x08AAPL"


@pytest.mark.parametrize(
    ("version", "defaults"),
    [
        ("bar.v1", {"run_id": "unnamed", "origin": "replay", "source": "", "feed": "", "adjustment": ""}),
        ("bar.v2", {"adjustment": ""}),
    ],
)
async def test_a_bar_of_an_older_version_gets_the_newest_ones_defaults(
    registry: SchemasInMemory, version: str, defaults: dict[str, str]
) -> None:
    bar = {**BAR, "adjustment": "raw"}
    assert await decoded(registry, await encoded(registry, version, bar)) == bar | defaults


def foreign(**changes: Any) -> dict[str, Any]:
    """Version 1 as another team might have written it: no namespace, plain long times, whole volumes."""
    types = dict.fromkeys(V1_FIELDS, "double") | {"symbol": "string", "timestamp": "long", "volume": "int"}
    types |= {"trade_count": "int"} | changes
    return {"type": "record", "name": "Bar", "fields": [{"name": k, "type": t} for k, t in types.items()]}


async def foreign_payload(registry: SchemasInMemory, schema: dict[str, Any], record: dict[str, Any]) -> bytes:
    stream = BytesIO()
    fastavro.schemaless_writer(stream, fastavro.parse_schema(schema), record)
    return b"\x00" + registry.add(schema).to_bytes(4, "big") + stream.getvalue()


async def test_another_teams_schema_is_read_where_avro_allows(registry: SchemasInMemory) -> None:
    record = {name: BAR[name] for name in V1_FIELDS} | {"volume": 1200, "extra": ["x"]}  # type: ignore[literal-required]
    schema = foreign(extra={"type": "array", "items": "string"})
    bar = await decoded(registry, await foreign_payload(registry, schema, record))
    assert (bar["volume"], type(bar["volume"]), bar["trade_count"], bar["timestamp"]) == (
        1200.0,
        float,
        37,
        BAR["timestamp"],
    )
    assert "extra" not in bar


@pytest.mark.parametrize(
    ("schema", "record"),
    [
        (foreign(close="string"), {"close": "189.75"}),
        (foreign() | {"name": "Candle"}, {}),
        ({**foreign(), "fields": foreign()["fields"][1:]}, {}),
    ],
    ids=["a type that does not fit", "another record", "no symbol"],
)
async def test_a_schema_that_avro_cannot_resolve_is_poison(
    registry: SchemasInMemory, schema: dict[str, Any], record: dict[str, Any]
) -> None:
    full = {name: BAR[name] for name in V1_FIELDS} | {"volume": 1200} | record  # type: ignore[literal-required]
    payload = await foreign_payload(registry, schema, full)
    with pytest.raises(Poison) as caught:
        await decoded(registry, payload)
    assert caught.value.reason == "undecodable"


async def test_a_schema_that_is_not_avro_is_poison(registry: SchemasInMemory) -> None:
    schema_id = registry.add({"$schema": "https://json-schema.org/draft-07/schema", "type": "object"})
    with pytest.raises(Poison, match="schema 1 is of no use") as caught:
        await decoded(registry, b"\x00" + schema_id.to_bytes(4, "big") + b"abc")
    assert caught.value.reason == "undecodable"


@pytest.mark.parametrize(
    "payload", [b"", b"\x00", b"\x00\x00\x00\x00", b"\x01\x00\x00\x00\x01\x02", b'{"symbol": "AAPL"}']
)
async def test_bytes_without_a_schema_id_are_not_avro_and_the_registry_is_not_asked(
    registry: SchemasInMemory, payload: bytes
) -> None:
    with pytest.raises(Poison) as caught:
        await decoded(registry, payload)
    assert caught.value.reason == "not_avro"
    assert registry.asked == []


async def test_no_value_is_poison(registry: SchemasInMemory) -> None:
    decoder = Decoder(registry, "bar")
    await decoder.prepare([None])
    with pytest.raises(Poison, match="has no value") as caught:
        decoder.decode(None)
    assert caught.value.reason == "undecodable"


async def test_truncated_at_any_byte_and_with_bytes_left_over_is_poison(registry: SchemasInMemory) -> None:
    payload = await encoded(registry, "bar", BAR)
    decoder = Decoder(registry, "bar")
    await decoder.prepare([payload])
    for broken in [payload[:size] for size in range(5, len(payload))] + [payload + b"\x00"]:
        with pytest.raises(Poison) as caught:
            decoder.decode(broken)
        assert caught.value.reason == "undecodable"


async def test_an_unknown_id_is_poison_and_asked_for_again_after_a_while(registry: SchemasInMemory) -> None:
    now = 0.0
    decoder = Decoder(registry, "bar", forget_after=30.0, clock=lambda: now)
    payload = (b"\x00\x00\x00\x00\x01") + (await encoded(SchemasInMemory(), "bar", BAR))[5:]
    for _ in range(3):
        await decoder.prepare([payload])
        with pytest.raises(Poison, match="no schema with id 1") as caught:
            decoder.decode(payload)
        assert caught.value.reason == "unknown_schema"
    assert registry.asked == [1]

    registry.add(schemas.load("bar"))
    now = 30.0
    await decoder.prepare([payload])
    assert decoder.decode(payload) == BAR
    await decoder.prepare([payload])
    assert registry.asked == [1, 1]


async def test_a_registry_that_is_down_stops_only_ids_not_seen_before(registry: SchemasInMemory) -> None:
    first, second = await encoded(registry, "bar", BAR), await encoded(registry, "bar.v1", BAR)
    decoder = Decoder(registry, "bar")
    await decoder.prepare([first])
    registry.reachable = False
    await decoder.prepare([first] * 3)
    with pytest.raises(RegistryUnavailable):
        await decoder.prepare([first, second])
    assert decoder.decode(first) == BAR
    registry.reachable = True
    await decoder.prepare([first, second])
    assert decoder.decode(second)["run_id"] == "unnamed"


async def test_decoding_what_was_not_prepared_is_a_bug_and_not_poison(registry: SchemasInMemory) -> None:
    payload = await encoded(registry, "bar", BAR)
    with pytest.raises(RuntimeError, match="before prepare"):
        Decoder(registry, "bar").decode(payload)


def test_encoding_before_registering_is_a_bug() -> None:
    with pytest.raises(RuntimeError, match="before register"):
        Encoder("bar").encode(BAR)


async def test_a_record_that_lacks_a_field_cannot_be_written(registry: SchemasInMemory) -> None:
    with pytest.raises((ValueError, TypeError)):
        await encoded(registry, "bar", {"symbol": "AAPL"})


async def test_not_a_number_travels(registry: SchemasInMemory) -> None:
    bar = await decoded(registry, await encoded(registry, "bar", BAR | {"close": math.nan}))
    assert math.isnan(bar["close"])


@pytest.fixture
async def decoder(registry: SchemasInMemory) -> Decoder:
    """Knows both versions of Bar: ids 1 and 2."""
    decoder = Decoder(registry, "bar")
    await decoder.prepare([await encoded(registry, name, BAR) for name in ("bar", "bar.v1")])
    return decoder


def body_of(record: Any) -> bytes:
    stream = BytesIO()
    fastavro.schemaless_writer(stream, avro.parse(schemas.load("bar")), record)
    return stream.getvalue()


GOOD = body_of(BAR)


@settings(max_examples=2000, deadline=1000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    schema_id=st.sampled_from([1, 2]),
    body=st.one_of(
        st.binary(max_size=120),
        st.builds(
            lambda at, patch: GOOD[:at] + patch + GOOD[at + len(patch) :], st.integers(0, 80), st.binary(max_size=12)
        ),
    ),
)
@example(schema_id=1, body=b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01")  # a string of 2^63 - 1 bytes
@example(schema_id=1, body=b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")  # and one of -2^63
@example(schema_id=1, body=b"\x80" * 100)  # a number without an end
async def test_any_bytes_are_a_record_or_poison(decoder: Decoder, schema_id: int, body: bytes) -> None:
    try:
        record = decoder.decode(b"\x00" + schema_id.to_bytes(4, "big") + body)
    except Poison:
        return
    assert record.keys() == BAR.keys()
