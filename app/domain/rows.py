"""A window's bars as packed rows of one size, oldest first.

One row is 60 bytes, little-endian: minute (u32, minutes since 1970), open,
high, low, close, volume, vwap (f64; NaN: no vwap), trade count (u32; all ones:
none), revision (u16), label (u16, an index). Reading all closes of a window is
then one call, and adding a bar one concatenation.
"""

from functools import lru_cache
from math import nan
from struct import Struct
from typing import Any

from app.domain.records import MINUTE_MS, Bar

ROW = Struct("<I6dIHH")
SIZE = ROW.size
# What a source says of a bar; two rows with the same values are duplicates.
VALUES = 56
NO_COUNT = 0xFFFFFFFF
MAX_REVISION = 0xFFFF

_MINUTE = Struct("<I")
_TAIL = Struct("<HH")
_MINUTE_AND_TAIL = Struct("<I52xHH")
_TWO_MINUTES = Struct("<I56xI")
_OPEN_AND_LABEL = Struct("<4xd46xH")

Rows = bytes | bytearray


def pack(bar: Bar, revision: int, label: int) -> bytes:
    """One row; the bar must have passed validation."""
    vwap = bar["vwap"]
    count = bar["trade_count"]
    return ROW.pack(
        bar["timestamp"] // MINUTE_MS,
        bar["open"],
        bar["high"],
        bar["low"],
        bar["close"],
        bar["volume"],
        nan if vwap is None else vwap,
        NO_COUNT if count is None else count,
        revision,
        label,
    )


def closes(rows: Rows) -> tuple[float, ...]:
    """Every row's close."""
    return _column("28xd24x", len(rows) // SIZE).unpack(rows)


def minutes(rows: Rows) -> tuple[int, ...]:
    """Every row's bar start, minutes since 1970."""
    return _column("I56x", len(rows) // SIZE).unpack(rows)


def labels(rows: Rows) -> tuple[int, ...]:
    """Every row's label index."""
    return _column("58xH", len(rows) // SIZE).unpack(rows)


def timestamp(rows: Rows, index: int) -> int:
    """One row's bar start, UTC epoch milliseconds."""
    minute: int = _MINUTE.unpack_from(rows, index * SIZE)[0]
    return minute * MINUTE_MS


def two_timestamps(rows: Rows, index: int) -> tuple[int, int]:
    """The bar starts of the row before and of the row at `index`, UTC epoch milliseconds."""
    previous, minute = _TWO_MINUTES.unpack_from(rows, (index - 1) * SIZE)
    return previous * MINUTE_MS, minute * MINUTE_MS


def timestamp_and_tail(rows: Rows, index: int) -> tuple[int, int, int]:
    """One row's bar start (UTC epoch milliseconds), revision and label index."""
    minute, revision, label = _MINUTE_AND_TAIL.unpack_from(rows, index * SIZE)
    return minute * MINUTE_MS, revision, label


def open_and_label(rows: Rows, index: int) -> tuple[float, int]:
    """One row's open and label index."""
    return _OPEN_AND_LABEL.unpack_from(rows, index * SIZE)


def tail(rows: Rows, index: int) -> tuple[int, int]:
    """One row's revision and label index."""
    return _TAIL.unpack_from(rows, index * SIZE + VALUES)


def set_tail(rows: bytearray, index: int, revision: int, label: int) -> None:
    """Replace one row's revision and label index."""
    _TAIL.pack_into(rows, index * SIZE + VALUES, revision, label)


@lru_cache(maxsize=256)
def _column(field: str, count: int) -> Struct:
    return Struct("<" + field * count)


def unpack(rows: Rows) -> list[tuple[Any, ...]]:
    """Every row's fields in the order of the layout."""
    return list(ROW.iter_unpack(rows))
