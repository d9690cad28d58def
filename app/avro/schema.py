"""Parses Avro schemas, and refuses those that could do harm."""

from collections.abc import Mapping
from typing import Any

import fastavro
from fastavro.schema import SchemaParseException, UnknownType
from fastavro.types import Schema

_LEAST_BYTES = {"null": 0, "boolean": 1, "int": 1, "long": 1, "float": 4, "double": 8, "bytes": 1, "string": 1}


# What parsing a schema raises, here and in the registry's library.
PARSE_ERRORS = (SchemaParseException, UnknownType, LookupError, TypeError, ValueError, AttributeError)


class UnusableSchema(Exception):
    """A schema that is not Avro, or that no record of ours can be read with."""


def parse(schema: Any) -> Schema:
    """Parse a schema as it came from a file or the registry.

    Logical types are dropped, so that times stay milliseconds (int) on the way
    in and out. Raises UnusableSchema.
    """
    try:
        parsed = fastavro.parse_schema(_without_logical_types(schema))
        _least_bytes(parsed, {})
    except PARSE_ERRORS as error:
        raise UnusableSchema(f"not an Avro schema: {error}") from error
    except RecursionError as error:
        raise UnusableSchema("the schema is nested too deep") from error
    return parsed


def _without_logical_types(schema: Any) -> Any:
    if isinstance(schema, Mapping):
        return {key: _without_logical_types(value) for key, value in schema.items() if key != "logicalType"}
    if isinstance(schema, list):
        return [_without_logical_types(part) for part in schema]
    return schema


def _least_bytes(schema: Schema, named: dict[str, int | None]) -> int:
    """How few bytes a value takes.

    Raises UnusableSchema for two kinds that let a short record do great harm:
    a type that contains itself (fastavro recurses until the process dies) and an
    array of items that take no bytes (it reads as many as the record claims).
    """
    if isinstance(schema, list):
        return 1 + min((_least_bytes(branch, named) for branch in schema), default=0)
    if isinstance(schema, str):
        if schema in _LEAST_BYTES:
            return _LEAST_BYTES[schema]
        known = named[schema]
        if known is None:
            raise UnusableSchema(f"{schema} contains itself")
        return known
    kind = schema["type"]
    if kind in ("record", "error"):
        named[schema["name"]] = None
        size = sum(_least_bytes(field["type"], named) for field in schema["fields"])
        named[schema["name"]] = size
        return size
    if kind == "enum":
        named[schema["name"]] = 1
        return 1
    if kind == "fixed":
        named[schema["name"]] = schema["size"]
        return int(schema["size"])
    if kind == "array":
        if _least_bytes(schema["items"], named) == 0:
            raise UnusableSchema("an array of items that take no bytes")
        return 1
    if kind == "map":
        _least_bytes(schema["values"], named)
        return 1
    return _least_bytes(kind, named)
