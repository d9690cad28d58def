"""Records as JSON: the schema's field names, times ISO-8601."""

import json
import math
from collections.abc import Mapping
from typing import Any

from app.times import iso

_TIMES = frozenset({"timestamp", "emitted_at"})


def json_line(record: Mapping[str, Any]) -> str:
    """The record as one line of JSON. NaN and infinities, which JSON does not have, are strings. Control characters are
    escaped, so that they cannot disturb a terminal.
    """
    text = json.dumps({name: _plain(name, value) for name, value in record.items()}, ensure_ascii=False)
    return text if text.isprintable() else "".join(map(_shown, text))


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    # JSON itself lets DEL pass.
    return "\\u007f" if character == "\x7f" else json.dumps(character)[1:-1]


def _plain(name: str, value: Any) -> Any:
    if name in _TIMES and isinstance(value, int):
        return iso(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
