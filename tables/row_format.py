"""The bytes of the windows table's rows and keys.

A key is run NUL symbol NUL slot; the slot, a big-endian u32, is the bar's number modulo
KEEP_BARS. So a series' rows are a ring: the bar that is one too many takes the place of the
oldest, and no row ever needs to be deleted. Bars are numbered in the order of time; a late
bar moves the numbers of the few newer ones, whose rows change anyway.

A row, format version 1: a byte with the version, the fields of app.domain.row.ROW, an f8 for each
column of the indicators that the strategy's rule declares (see `Strategy.dtype`; a table has rows
of one strategy only), and as JSON [strategy, origin, source, feed, adjustment].
"""

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import repeat
from struct import Struct
from typing import get_args

import numpy as np

from app.domain.provenance import Provenance, distinct_provenances, provenance_of
from app.domain.records import Origin
from app.domain.row import ROW, Ints, Objects, Row, Rows, are_codes_known, row_of
from tables.format import Format, UnknownFormat

VERSION = 1
_FIXED_SIZE = 1 + ROW.itemsize
_FORMAT = Format("windows", VERSION, _FIXED_SIZE)
_VERSION = bytes([VERSION])
_NUMBER = Struct("<xI")
_SLOT = Struct(">I")
_ORIGINS = get_args(Origin)


def row_key(series: bytes, slot: int) -> bytes:
    """The key of a row; `series` is that of app.domain.key.table_key."""
    return series + b"\x00" + _SLOT.pack(slot)


def row_keys(series: Iterable[bytes], slots: Ints) -> list[bytes]:
    """The keys of rows, each with its series and slot."""
    packed = slots.astype(">u4").tobytes()
    return [key + b"\x00" + packed[4 * at : 4 * at + 4] for at, key in enumerate(series)]


def slot_of(key: bytes) -> int:
    """The slot of a row's key."""
    slot: int = _SLOT.unpack_from(key, len(key) - _SLOT.size)[0]
    return slot


def series_of(key: bytes) -> bytes:
    """The series of a row's key."""
    return key[: -_SLOT.size - 1]


def encode_rows(rows: Rows, provenances: Sequence[Provenance] | Objects, strategy: str) -> list[bytes]:
    """The bytes of rows, all made with one strategy and of its layout."""
    size, fixed = rows.dtype.itemsize, rows.tobytes()
    distinct, which = distinct_provenances(provenances)
    texts = [_pack_texts(strategy, provenance) for provenance in distinct]
    ends = range(size, len(fixed) + 1, size)
    return [_VERSION + fixed[end - size : end] + texts[text] for end, text in zip(ends, which.tolist(), strict=True)]


def decode_rows(values: Iterable[bytes], layout: np.dtype[np.void] = ROW) -> tuple[Rows, list[Provenance]]:
    """The rows of bytes, of a strategy's layout, and where their bars came from.

    Raises UnknownFormat when they are of an unknown version or another layout, or cut off. That
    their fields make sense app.domain.row_integrity can tell.
    """
    current = _current(values)
    end = 1 + layout.itemsize
    return _fixed(current, layout), [_unpack_texts(value[end:])[1] for value in current]


def decode_row(value: bytes, layout: np.dtype[np.void] = ROW) -> Row:
    """The row of bytes as Python values. Raises UnknownFormat, also for codes that stand for nothing."""
    current = _FORMAT.current(value)
    rows = _fixed([current], layout)
    texts = _unpack_texts(current[1 + layout.itemsize :])
    try:
        return row_of(rows[0], *texts)
    except LookupError:
        _check_codes(rows)
        raise


def read_fixed(values: Iterable[bytes]) -> Rows:
    """The rows of bytes without their texts and own indicators, some 0.3 us each. Raises UnknownFormat."""
    rows = _fixed(_current(values), ROW)
    _check_codes(rows)
    return rows


def number_of(data: bytes) -> int:
    """The number of a row's bar, without reading the rest. Raises UnknownFormat for an unknown version."""
    number: int = _NUMBER.unpack_from(_FORMAT.current(data))[0]
    return number


def _current(values: Iterable[bytes]) -> list[bytes]:
    """What `Format.current` makes of each; nearly always that is what they are."""
    found = list(values)
    if all(map(bytes.startswith, found, repeat(_VERSION))) and min(map(len, found), default=0) >= _FIXED_SIZE:
        return found
    return [_FORMAT.current(value) for value in found]


def _fixed(current: Sequence[bytes], layout: np.dtype[np.void]) -> Rows:
    size = layout.itemsize
    fixed = b"".join([value[1 : 1 + size] for value in current])
    if len(fixed) < size * len(current):
        raise UnknownFormat(f"windows: a row lacks columns of the {size} bytes that the strategy's rows have")
    return np.frombuffer(fixed, layout)


def _check_codes(rows: Rows) -> None:
    known = are_codes_known(rows)
    if not known.all():
        codes = rows[~known][["action", "previous_action", "reason"]][0].item()
        raise UnknownFormat(f"windows: the row has an action, previous action or reason of unknown code {codes}")


@lru_cache(maxsize=4096)
def _pack_texts(strategy: str, provenance: Provenance) -> bytes:
    return json.dumps([strategy, *provenance], separators=(",", ":")).encode()


@lru_cache(maxsize=4096)
def _unpack_texts(data: bytes) -> tuple[str, Provenance]:
    try:
        strategy, origin, *texts = json.loads(data)
        if origin not in _ORIGINS or len(texts) != 3 or not all(isinstance(text, str) for text in (strategy, *texts)):
            raise TypeError(f"not a strategy and a provenance: {data!r}")
        return strategy, provenance_of(origin, *texts)
    except (ValueError, TypeError, RecursionError) as error:
        raise UnknownFormat(f"windows: the row's texts cannot be read: {error}") from error
