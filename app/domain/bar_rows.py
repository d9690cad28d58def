"""A window's bars in memory: packed rows of one size, oldest first.

One row is 60 bytes, little-endian: minute (u32, minutes since 1970), open,
high, low, close, volume, vwap (f64; NaN: no vwap), trade count (u32; all ones:
none), revision (u16), provenance (u16, an index). Reading all closes of a window is
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
_TWO_MINUTES = Struct("<I56xI")
_OPEN_AND_PROVENANCE = Struct("<4xd46xH")

Rows = bytes | bytearray


def pack(bar: Bar, revision: int, provenance: int) -> bytes:
    """One row; the bar must have passed validation."""
    return pack_values(
        bar["timestamp"] // MINUTE_MS,
        bar["open"],
        bar["high"],
        bar["low"],
        bar["close"],
        bar["volume"],
        bar["vwap"],
        bar["trade_count"],
        revision,
        provenance,
    )


def pack_values(
    minute: int,
    open_: float,
    high: float,
    low: float,
    close: float,
    volume: float,
    vwap: float | None,
    trade_count: int | None,
    revision: int,
    provenance: int,
) -> bytes:
    """One row of its values, which `unpack` gives back; the minute counts from 1970."""
    return ROW.pack(
        minute,
        open_,
        high,
        low,
        close,
        volume,
        nan if vwap is None else vwap,
        NO_COUNT if trade_count is None else trade_count,
        revision,
        provenance,
    )


def minutes(rows: Rows) -> tuple[int, ...]:
    """Every row's bar start, minutes since 1970."""
    return _column("I56x", len(rows) // SIZE).unpack(rows)


def minute(rows: Rows, index: int) -> int:
    """One row's bar start, minutes since 1970."""
    value: int = _MINUTE.unpack_from(rows, index * SIZE)[0]
    return value


def provenances(rows: Rows) -> tuple[int, ...]:
    """Every row's provenance index."""
    return _column("58xH", len(rows) // SIZE).unpack(rows)


def two_timestamps(rows: Rows, index: int) -> tuple[int, int]:
    """The bar starts of the row before and of the row at `index`, UTC epoch milliseconds."""
    previous, minute = _TWO_MINUTES.unpack_from(rows, (index - 1) * SIZE)
    return previous * MINUTE_MS, minute * MINUTE_MS


def open_and_provenance(rows: Rows, index: int) -> tuple[float, int]:
    """One row's open and provenance index."""
    return _OPEN_AND_PROVENANCE.unpack_from(rows, index * SIZE)


def tail(rows: Rows, index: int) -> tuple[int, int]:
    """One row's revision and provenance index."""
    return _TAIL.unpack_from(rows, index * SIZE + VALUES)


def set_tail(rows: bytearray, index: int, revision: int, provenance: int) -> None:
    """Replace one row's revision and provenance index."""
    _TAIL.pack_into(rows, index * SIZE + VALUES, revision, provenance)


@lru_cache(maxsize=256)
def _column(field: str, count: int) -> Struct:
    return Struct("<" + field * count)


def unpack(rows: Rows, index: int) -> tuple[Any, ...]:
    """One row's values, as `pack_values` takes them."""
    *values, vwap, count, revision, provenance = ROW.unpack_from(rows, index * SIZE)
    return (
        *values,
        None if vwap != vwap else vwap,
        None if count == NO_COUNT else count,
        revision,
        provenance,
    )
