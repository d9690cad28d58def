"""The signals table's value, format version 2, little-endian.

    u8   version (2)          i32  source partition  i64  highest source offset
    i32  its source index     u32  length of the texts
    texts                     JSON: [topic id, strategy, [[origin, source, feed, adjustment], ...]]
    60 bytes x signals        see app/domain/history_rows.py

Version 1, of release 0.1.0, has labels without adjustment, and no signals of splits.
The strategy is only stored: whoever opens the table compares it with the configured one.
"""

from struct import Struct

from app.domain import history_rows
from app.domain.history import History, SourcePosition
from app.domain.records import MINUTE_MS
from tables.value_format import Format, UnknownFormat, pack_texts, unpack_texts

__all__ = ["VERSION", "UnknownFormat", "decode_history", "encode_history", "position_of", "summary_of"]

VERSION = 2
_HEADER = Struct("<BiqiI")
_WHAT = "signals"
_FORMAT = Format(_WHAT, VERSION, _HEADER.size, {1: lambda data: b"\x02" + data[1:]})

# Of the last row: minute and emission.
_NEWEST = Struct("<I48xq")
_TEXTS_LENGTH = Struct("<I")
_TEXTS_LENGTH_AT = _HEADER.size - _TEXTS_LENGTH.size


def encode_history(history: History) -> bytes:
    """The value of a history.

    Raises ValueError for a history that has seen nothing: there is nothing to keep.
    """
    strategy, position, labels, packed = history
    if position is None:
        raise ValueError("a history that has seen nothing has no value")
    topic_id, partition, offset, index = position
    texts = pack_texts(topic_id, strategy, labels)
    return b"".join((_HEADER.pack(VERSION, partition, offset, index, len(texts)), texts, packed))


def decode_history(data: bytes) -> History:
    """The history of a value.

    Raises UnknownFormat when the value is of an unknown version, which it names, or damaged.
    """
    data = _FORMAT.of_today(data)
    _, partition, offset, index, length = _HEADER.unpack_from(data)
    rows_at = _HEADER.size + length
    packed = data[rows_at:]
    if rows_at > len(data) or len(packed) % history_rows.SIZE:
        raise UnknownFormat(f"{_WHAT}: the value is cut off or damaged ({len(data)} bytes)")
    topic_id, strategy, labels = unpack_texts(data[_HEADER.size : rows_at])
    position = SourcePosition(topic_id, partition, offset, index)
    return History(strategy, position, labels, packed)


def position_of(data: bytes) -> SourcePosition:
    """A value's source position without reading the rest.

    Raises UnknownFormat as `decode_history` does.
    """
    data = _FORMAT.of_today(data)
    _, partition, offset, index, length = _HEADER.unpack_from(data)
    topic_id, _, _ = unpack_texts(data[_HEADER.size : _HEADER.size + length])
    return SourcePosition(topic_id, partition, offset, index)


def summary_of(data: bytes) -> tuple[int, int, int] | None:
    """How many signals a value holds, the start of the newest one's bar, and when that one was emitted.

    Times are UTC epoch milliseconds; None when there are no signals. It does
    not decode the value and takes well under a microsecond. Raises
    UnknownFormat as `decode_history` does, but for damage in what it skips.
    """
    data = _FORMAT.of_today(data)
    signals = (len(data) - _HEADER.size - _TEXTS_LENGTH.unpack_from(data, _TEXTS_LENGTH_AT)[0]) // history_rows.SIZE
    if signals < 1:
        return None
    minute, emitted_at = _NEWEST.unpack_from(data, len(data) - history_rows.SIZE)
    return signals, minute * MINUTE_MS, emitted_at
