"""Dead letters made by hand."""

from typing import Any

from app.dead_letters.letter import Letter
from app.dead_letters.record_place import RecordPlace


def letter(offset: int = 0, /, **changes: Any) -> Letter:
    fields: dict[str, Any] = {
        "place": RecordPlace("stocks.dead-letters", 1, 100 + offset),
        "source": RecordPlace("stocks.raw.avro", 1, offset),
        "reason": "not_avro",
        "why": "Poison: nonsense",
        "time": "2024-11-14T14:30:00Z",
        "time_ms": 1_731_594_600_000,
        "key": b"AAPL",
        "value": b"nonsense",
    }
    return Letter(**(fields | changes))
