from typing import Any

import pytest
from fastavro.types import Schema

import schemas
from app.avro import fast
from app.avro import schema as avro

BAR = avro.parse(schemas.load("bar"))


def record(name: str, **fields: Any) -> Schema:
    return avro.parse(
        {"type": "record", "name": name, "fields": [{"name": key, **each} for key, each in fields.items()]}
    )


READER = record("R", a={"type": "long"}, b={"type": ["null", "string"], "default": None})


@pytest.mark.parametrize(
    ("version", "missing"),
    [
        ("bar", {}),
        ("bar.v2", {"adjustment": ""}),
        ("bar.v1", {"run_id": "unnamed", "origin": "replay", "source": "", "feed": "", "adjustment": ""}),
    ],
)
def test_each_version_of_a_bar_is_read_fast(version: str, missing: dict[str, Any]) -> None:
    found = fast.fast_schema(avro.parse(schemas.load(version)), BAR)
    assert found is not None
    assert found.defaults == missing
    assert "doc" not in found.text


def test_what_people_read_and_defaults_make_no_difference() -> None:
    writer = record("R", b={"type": ["null", "string"], "doc": "text"}, a={"type": "long", "default": 7})
    assert fast.fast_schema(writer, READER) == fast.FastSchema(fast.canonical(writer), {})


@pytest.mark.parametrize(
    "writer",
    [
        record("Other", a={"type": "long"}),
        record("R", a={"type": "int"}),
        record("R", a={"type": "long"}, b={"type": ["string", "null"]}),
        record("R", a={"type": "long"}, c={"type": "long"}),
        record("R", b={"type": ["null", "string"]}),
        avro.parse("long"),
        avro.parse(["null", "long"]),
    ],
    ids=["name", "type", "union", "more", "no default", "no record", "no record but a union"],
)
def test_what_needs_resolving_is_left_to_fastavro(writer: Schema) -> None:
    assert fast.fast_schema(writer, READER) is None


def test_a_default_that_is_a_record_is_left_to_fastavro() -> None:
    inner = {"type": "record", "name": "I", "fields": [{"name": "x", "type": "long"}]}
    reader = record("R", a={"type": "long"}, i={"type": inner, "default": {"x": 1}})
    assert fast.fast_schema(record("R", a={"type": "long"}), reader) is None


def test_the_fields_are_those_of_the_schema_with_times_as_integers() -> None:
    fields = fast.arrow_fields(BAR)
    assert fields.names == [field["name"] for field in schemas.load("bar")["fields"]]
    assert str(fields.field("timestamp").type) == "int64"
