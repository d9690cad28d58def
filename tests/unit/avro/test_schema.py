from typing import Any

import pytest

import schemas
from app.avro.schema import UnusableSchema, parse


def record(name: str, **types: Any) -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": [{"name": n, "type": t} for n, t in types.items()]}


@pytest.mark.parametrize("name", schemas.names())
def test_our_schemas_are_usable_and_lose_their_logical_types(name: str) -> None:
    assert "logicalType" not in str(parse(schemas.load(name)))


@pytest.mark.parametrize(
    "schema",
    [
        record("R", a=["null", "string"], b={"type": "map", "values": "double"}),
        record("R", a=record("S", x="int"), b=["null", "S"], c={"type": "array", "items": "S"}),
        record("R", a={"type": "fixed", "name": "F", "size": 4}, b={"type": "array", "items": "F"}),
        "string",
    ],
)
def test_other_schemas_are_usable(schema: Any) -> None:
    parse(schema)


@pytest.mark.parametrize(
    "schema",
    [
        None,
        7,
        {},
        {"type": "object"},
        {"type": "record"},
        "nonsense",
        record("R", a="Missing"),
        {"type": "enum", "name": "E"},
    ],
    ids=str,
)
def test_what_is_not_avro_is_refused(schema: Any) -> None:
    with pytest.raises(UnusableSchema):
        parse(schema)


@pytest.mark.parametrize("schema", [record("Node", next=["null", "Node"]), record("R", s=record("S", r=["null", "R"]))])
def test_a_type_that_contains_itself_is_refused_because_reading_it_can_end_the_process(schema: Any) -> None:
    with pytest.raises(UnusableSchema, match="contains itself"):
        parse(schema)


@pytest.mark.parametrize("items", ["null", record("Empty"), {"type": "fixed", "name": "F", "size": 0}])
def test_an_array_of_nothing_is_refused_because_reading_it_may_never_end(items: Any) -> None:
    with pytest.raises(UnusableSchema, match="no bytes"):
        parse(record("R", a={"type": "array", "items": items}))


def test_a_schema_nested_without_end_is_refused() -> None:
    deep: Any = "string"
    for _ in range(5000):
        deep = {"type": "array", "items": deep}
    with pytest.raises(UnusableSchema, match="too deep"):
        parse(deep)
