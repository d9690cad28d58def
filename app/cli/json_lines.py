"""Records as JSON: the schema's field names, times ISO-8601."""

import json
import math
from collections.abc import Mapping
from typing import Any

from app.iso_time import iso

_TIMES = frozenset({"timestamp", "emitted_at"})


def json_line(record: Mapping[str, Any]) -> str:
    """One line; values that JSON has no number for (NaN, infinities) are strings."""
    return json.dumps({name: _plain(name, value) for name, value in record.items()}, ensure_ascii=False)


def _plain(name: str, value: Any) -> Any:
    if name in _TIMES and isinstance(value, int):
        return iso(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
