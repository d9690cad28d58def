"""Bars from bytes and signals to bytes, as the Python peers share it: fastavro in Confluent's wire format."""

import json
import os
from io import BytesIO
from pathlib import Path
from typing import Any, cast

from fastavro import parse_schema, schemaless_reader, schemaless_writer

Record = dict[str, Any]

_HEADER = 5


class Wire:
    """Both schemas as the environment names them; every bar is of one version."""

    def __init__(self) -> None:
        self._bar = _parsed(Path(os.environ["BAR_SCHEMA"]))
        self._signal = _parsed(Path(os.environ["SIGNAL_SCHEMA"]))
        self._header = b"\x00" + int(os.environ["SIGNAL_SCHEMA_ID"]).to_bytes(4, "big")

    def bar(self, value: bytes) -> Record:
        """The bar."""
        return cast(Record, schemaless_reader(BytesIO(value[_HEADER:]), self._bar, None))

    def signal(self, signal: Record) -> bytes:
        """The record's value."""
        output = BytesIO()
        output.write(self._header)
        schemaless_writer(output, self._signal, signal)
        return output.getvalue()


def _parsed(path: Path) -> Any:
    """Without logical types: times stay milliseconds, which is faster than a datetime and back."""
    text = path.read_text().replace('{"type": "long", "logicalType": "timestamp-millis"}', '"long"')
    return parse_schema(json.loads(text))
