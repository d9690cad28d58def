"""The bytes of the windows table's rows and keys.

A key is run NUL symbol NUL slot; the slot, a big-endian u32, is the bar's number modulo
KEEP_BARS. So a series' rows are a ring: the bar that is one too many takes the place of the
oldest, and no row ever needs to be deleted. Bars are numbered in the order of time; a late
bar moves the numbers of the few newer ones, whose rows change anyway.

A row, format version 1, little-endian:

    u8   version (1)         u32  number            u32  minute since 1970
    f64 x 6  open, high, low, close, volume, vwap (NaN: none)
    u32  trade count (all ones: none)
    f64 x 2  average gain and loss                  f64 x 3  fast, slow average, RSI (NaN: none)
    u32  bars seen           i32  gap in minutes (-1: none)
    f64  close before a split (NaN: no split)
    u16  revision            u8 x 3  action, previous action (255: none), reason
    i64  emitted at, UTC epoch milliseconds
    texts                    JSON: [strategy, origin, source, feed, adjustment]
"""

import json
from collections.abc import Iterable
from functools import lru_cache
from math import nan
from struct import Struct
from typing import NamedTuple, get_args

import numpy as np

from app.domain.bar_rows import NO_COUNT
from app.domain.decisions import ACTIONS, NO_ACTION, action_of, code_of
from app.domain.provenance import Provenance
from app.domain.records import MINUTE_MS, Origin, Reason
from app.domain.row import Row
from tables.format import Format, UnknownFormat

VERSION = 1
_FIXED = Struct("<BII6dI2d3dIidHBBBq")
_FORMAT = Format("windows", VERSION, _FIXED.size)
_NUMBER = Struct("<xI")
_SLOT = Struct(">I")
# Action, previous action, reason, emitted at.
_TAIL_AT = _FIXED.size - Struct("<BBBq").size
_SUMMARY = np.dtype(
    {
        "names": ["number", "minute", "action", "previous_action", "emitted_at"],
        "formats": ["<u4", "<u4", "u1", "u1", "<i8"],
        "offsets": [1, 5, _TAIL_AT, _TAIL_AT + 1, _TAIL_AT + 3],
        "itemsize": _FIXED.size,
    }
)

# The order is the format: never change it, only add.
_REASONS: tuple[Reason, ...] = (
    "no_rule",
    "oversold_in_uptrend",
    "overbought_in_downtrend",
    "warming_up",
    "flat",
    "split_suspected",
)
_REASON_CODES = {reason: code for code, reason in enumerate(_REASONS)}
_NO_GAP = -1
_ORIGINS = get_args(Origin)


def row_key(series: bytes, slot: int) -> bytes:
    """The key of a row; `series` is that of app.domain.key.table_key."""
    return series + b"\x00" + _SLOT.pack(slot)


def slot_of(key: bytes) -> int:
    """The slot of a row's key."""
    slot: int = _SLOT.unpack_from(key, len(key) - _SLOT.size)[0]
    return slot


def series_of(key: bytes) -> bytes:
    """The series of a row's key."""
    return key[: -_SLOT.size - 1]


def encode_row(row: Row) -> bytes:
    """The bytes of a row."""
    return _FIXED.pack(
        VERSION,
        row.number,
        row.timestamp // MINUTE_MS,
        row.open,
        row.high,
        row.low,
        row.close,
        row.volume,
        nan if row.vwap is None else row.vwap,
        NO_COUNT if row.trade_count is None else row.trade_count,
        row.gain,
        row.loss,
        nan if row.sma_fast is None else row.sma_fast,
        nan if row.sma_slow is None else row.sma_slow,
        nan if row.rsi is None else row.rsi,
        row.bars_seen,
        _NO_GAP if row.gap_minutes is None else row.gap_minutes,
        nan if row.split_close is None else row.split_close,
        row.revision,
        code_of(row.action),
        code_of(row.previous_action),
        _REASON_CODES[row.reason],
        row.emitted_at,
    ) + _pack_texts(row.strategy, row.provenance)


def decode_row(data: bytes) -> Row:
    """The row of bytes. Raises UnknownFormat when they are of an unknown version, which it names, or damaged."""
    data = _FORMAT.current(data)
    fields = _FIXED.unpack_from(data)
    _, number, minute, open_, high, low, close, volume, vwap, count, gain, loss = fields[:12]
    fast, slow, rsi, bars_seen, gap, split_close, revision, action, previous, reason, emitted_at = fields[12:]
    strategy, provenance = _unpack_texts(data[_FIXED.size :])
    if action >= len(ACTIONS) or (previous >= len(ACTIONS) and previous != NO_ACTION) or reason >= len(_REASONS):
        raise UnknownFormat(
            f"windows: the row has an action, previous action or reason of unknown code {fields[19:22]}"
        )
    return Row(
        number,
        minute * MINUTE_MS,
        open_,
        high,
        low,
        close,
        volume,
        _nullable(vwap),
        None if count == NO_COUNT else count,
        gain,
        loss,
        _nullable(fast),
        _nullable(slow),
        _nullable(rsi),
        bars_seen,
        None if gap == _NO_GAP else gap,
        _nullable(split_close),
        revision,
        ACTIONS[action],
        action_of(previous),
        _REASONS[reason],
        emitted_at,
        strategy,
        provenance,
    )


class Summaries(NamedTuple):
    """What an index needs to know of rows, a list each; times are UTC epoch milliseconds, codes as ACTIONS has them."""

    numbers: list[int]
    timestamps: list[int]
    actions: list[int]
    previous_actions: list[int]
    emitted_at: list[int]


def summaries_of(rows: Iterable[bytes]) -> Summaries:
    """The summaries of rows, some 0.7 us each. Raises UnknownFormat as `decode_row` does."""
    fixed = np.frombuffer(b"".join([_FORMAT.current(row)[: _FIXED.size] for row in rows]), _SUMMARY)
    action, previous = fixed["action"], fixed["previous_action"]
    unknown = (action >= len(ACTIONS)) | ((previous >= len(ACTIONS)) & (previous != NO_ACTION))
    if unknown.any():
        codes = fixed[unknown][["action", "previous_action"]][0].tolist()
        raise UnknownFormat(f"windows: the row has an action or previous action of unknown code {codes}")
    minutes = fixed["minute"].astype(np.int64)
    columns = fixed["number"], minutes * MINUTE_MS, action, previous, fixed["emitted_at"]
    return Summaries(*(column.tolist() for column in columns))


def number_of(data: bytes) -> int:
    """The number of a row's bar, without reading the rest. Raises UnknownFormat for an unknown version."""
    number: int = _NUMBER.unpack_from(_FORMAT.current(data))[0]
    return number


@lru_cache(maxsize=4096)
def _pack_texts(strategy: str, provenance: Provenance) -> bytes:
    return json.dumps([strategy, *provenance], separators=(",", ":")).encode()


@lru_cache(maxsize=4096)
def _unpack_texts(data: bytes) -> tuple[str, Provenance]:
    try:
        strategy, origin, *texts = json.loads(data)
        if origin not in _ORIGINS or len(texts) != 3 or not all(isinstance(text, str) for text in (strategy, *texts)):
            raise TypeError(f"not a strategy and a provenance: {data!r}")
        return strategy, Provenance(origin, *texts)
    except (ValueError, TypeError, RecursionError) as error:
        raise UnknownFormat(f"windows: the row's texts cannot be read: {error}") from error


def _nullable(value: float) -> float | None:
    return None if value != value else value
