"""The windows table's value, format version 2, little-endian.

    u8   version (2)          u64  bars seen         i32  source partition
    i64  highest offset       u16  pairs of averages u16  starts
    u32  length of the texts
    texts                     JSON: [topic id, strategy, [[origin, source, feed, adjustment], ...]]
    f64 x pairs, twice        Wilder's average gains, then average losses, oldest first
    32 bytes x starts         see app/domain/starts.py: u64, i64, f64, f64, oldest first
    60 bytes x bars           see app/domain/rows.py

Version 1, of release 0.1.0, has no starts, not even their number, and labels without adjustment.
The strategy is only stored: whoever opens the table compares it with the configured one.
"""

from functools import lru_cache
from struct import Struct

from app.domain import rows
from app.domain.records import Position
from app.domain.starts import Start
from app.domain.window import Window
from tables.value_format import Format, UnknownFormat, pack_texts, unpack_texts

__all__ = ["VERSION", "UnknownFormat", "decode_window", "encode_window", "position_of"]

VERSION = 2
_HEADER = Struct("<BQiqHHI")
_HEADER_1 = Struct("<BQiqHI")
_START = Struct("<Qqdd")
_WHAT = "window"


def encode_window(window: Window) -> bytes:
    """The value of a window; at most 4096 bytes with the default strategy and labels of ordinary length.

    Raises ValueError for a window that has seen nothing: there is nothing to keep.
    """
    strategy, bars_seen, position, labels, gains, losses, packed, starts = window
    if position is None:
        raise ValueError("a window that has seen nothing has no value")
    topic_id, partition, offset = position
    texts = pack_texts(topic_id, strategy, labels)
    pairs = len(gains)
    return b"".join(
        (
            _HEADER.pack(VERSION, bars_seen, partition, offset, pairs, len(starts), len(texts)),
            texts,
            _doubles(2 * pairs).pack(*gains, *losses),
            b"".join([_START.pack(*start) for start in starts]) if starts else b"",
            packed,
        )
    )


def decode_window(data: bytes) -> Window:
    """The window of a value.

    Raises UnknownFormat when the value is of an unknown version, which it names, or damaged.
    """
    data = _FORMAT.of_today(data)
    _, bars_seen, partition, offset, pairs, starts, length = _HEADER.unpack_from(data)
    averages_at = _HEADER.size + length
    starts_at = averages_at + 16 * pairs
    rows_at = starts_at + _START.size * starts
    packed = data[rows_at:]
    if not pairs or rows_at > len(data) or len(packed) % rows.SIZE:
        raise UnknownFormat(f"{_WHAT}: the value is cut off or damaged ({len(data)} bytes)")
    topic_id, strategy, labels = unpack_texts(data[_HEADER.size : averages_at])
    averages: tuple[float, ...] = _doubles(2 * pairs).unpack_from(data, averages_at)
    return Window(
        strategy,
        bars_seen,
        Position(topic_id, partition, offset),
        labels,
        averages[:pairs],
        averages[pairs:],
        packed,
        tuple(map(Start._make, _START.iter_unpack(data[starts_at:rows_at]))) if starts else (),
    )


def position_of(data: bytes) -> Position:
    """A value's source position without reading the rest.

    Raises UnknownFormat as `decode_window` does.
    """
    data = _FORMAT.of_today(data)
    _, _, partition, offset, _, _, length = _HEADER.unpack_from(data)
    topic_id, _, _ = unpack_texts(data[_HEADER.size : _HEADER.size + length])
    return Position(topic_id, partition, offset)


def _from_version_1(data: bytes) -> bytes:
    _, bars_seen, partition, offset, pairs, length = _HEADER_1.unpack_from(data)
    return _HEADER.pack(2, bars_seen, partition, offset, pairs, 0, length) + data[_HEADER_1.size :]


_FORMAT = Format(_WHAT, VERSION, _HEADER.size, {1: _from_version_1})


@lru_cache(maxsize=256)
def _doubles(count: int) -> Struct:
    return Struct(f"<{count}d")
