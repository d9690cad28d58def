"""A history's signals as packed rows of one size, oldest first.

One row is 60 bytes, little-endian: minute (u32, minutes since 1970), close,
fast and slow average, RSI (f64; NaN: null), bars seen (u32), gap in minutes
(i32; -1: null), revision (u16), label (u16, an index), action, previous action
(255: null), reason, ready (u8 each), emitted at (i64, UTC epoch milliseconds).
The first bar after a split has no slow average and no RSI: their places hold
the close before it and its open. What follows from all these is not stored.
"""

from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache
from math import nan
from struct import Struct
from typing import NamedTuple

from app.domain.records import MINUTE_MS, Action, Reason, Signal, Split

ROW = Struct("<I4dIiHHBBBBq")
SIZE = ROW.size

# The order is the format: never change it, only add.
_ACTIONS: tuple[Action, ...] = ("HOLD", "BUY", "SELL")
_REASONS: tuple[Reason, ...] = (
    "no_rule",
    "oversold_in_uptrend",
    "overbought_in_downtrend",
    "warming_up",
    "flat",
    "split_suspected",
)
_ACTION_CODES = {action: code for code, action in enumerate(_ACTIONS)}
_REASON_CODES = {reason: code for code, reason in enumerate(_REASONS)}
_SPLIT = _REASON_CODES["split_suspected"]
_NO_ACTION = 255
_NO_GAP = -1

_MINUTE = Struct("<I")
_SHORT = Struct("<H")
_REVISION_AT = 44
_LABEL_AT = 46
_ACTION_AT = 48

Rows = bytes | bytearray


def pack(signal: Signal, label: int) -> bytes:
    """One row."""
    sma_20, sma_50, rsi_14 = signal["sma_20"], signal["sma_50"], signal["rsi_14"]
    gap, previous, split = signal["gap_minutes"], signal["previous_action"], signal["split"]
    if split is not None:
        sma_50, rsi_14 = split["previous_close"], split["open"]
    return ROW.pack(
        signal["timestamp"] // MINUTE_MS,
        signal["close"],
        nan if sma_20 is None else sma_20,
        nan if sma_50 is None else sma_50,
        nan if rsi_14 is None else rsi_14,
        signal["bars_seen"],
        _NO_GAP if gap is None else gap,
        signal["revision"],
        label,
        _ACTION_CODES[signal["action"]],
        _NO_ACTION if previous is None else _ACTION_CODES[previous],
        _REASON_CODES[signal["reason"]],
        signal["ready"],
        signal["emitted_at"],
    )


class Fields(NamedTuple):
    """One row, unpacked; timestamp and emitted_at are UTC epoch milliseconds."""

    timestamp: int
    close: float
    sma_20: float | None
    sma_50: float | None
    rsi_14: float | None
    bars_seen: int
    gap_minutes: int | None
    split: Split | None
    revision: int
    label: int
    action: Action
    previous_action: Action | None
    reason: Reason
    ready: bool
    emitted_at: int


def unpack(rows: Rows) -> Iterator[Fields]:
    """Every row, oldest first."""
    for fields in ROW.iter_unpack(rows):
        minute, close, sma_20, sma_50, rsi_14, bars_seen, gap, revision, label = fields[:9]
        action, previous, reason, ready, emitted_at = fields[9:]
        split: Split | None = None
        if reason == _SPLIT:
            split = {"previous_close": sma_50, "open": rsi_14}
            sma_50 = rsi_14 = nan
        yield Fields(
            minute * MINUTE_MS,
            close,
            _nullable(sma_20),
            _nullable(sma_50),
            _nullable(rsi_14),
            bars_seen,
            None if gap == _NO_GAP else gap,
            split,
            revision,
            label,
            _ACTIONS[action],
            None if previous == _NO_ACTION else _ACTIONS[previous],
            _REASONS[reason],
            bool(ready),
            emitted_at,
        )


def codes_fault(rows: Rows) -> str | None:
    """None when every code in the rows is one of this version's, so that `unpack` can read them; else a sentence."""
    for name, at, codes in (
        ("action", _ACTION_AT, range(len(_ACTIONS))),
        ("previous action", _ACTION_AT + 1, (*range(len(_ACTIONS)), _NO_ACTION)),
        ("reason", _ACTION_AT + 2, range(len(_REASONS))),
        ("ready", _ACTION_AT + 3, range(2)),
    ):
        if unknown := set(rows[at::SIZE]).difference(codes):
            return f"a signal's {name} has the code {min(unknown)}"
    return None


def place(rows: Rows, timestamp: int) -> tuple[int, bool]:
    """Where the row of a bar start (UTC epoch milliseconds) is or belongs, and whether it is there."""
    count = len(rows) // SIZE
    minute = timestamp // MINUTE_MS
    if not count or minute > _MINUTE.unpack_from(rows, len(rows) - SIZE)[0]:
        return count, False
    minutes = _column("I56x", count).unpack(rows)
    index = bisect_left(minutes, minute)
    return index, minutes[index] == minute


def revision(rows: Rows, index: int) -> int:
    """One row's revision."""
    value: int = _SHORT.unpack_from(rows, index * SIZE + _REVISION_AT)[0]
    return value


def action(rows: Rows, index: int) -> Action:
    """One row's action."""
    return _ACTIONS[rows[index * SIZE + _ACTION_AT]]


def timestamps(rows: Rows) -> list[int]:
    """Every row's bar start, UTC epoch milliseconds."""
    return [minute * MINUTE_MS for minute in _column("I56x", len(rows) // SIZE).unpack(rows)]


def actions(rows: Rows) -> list[Action]:
    """Every row's action."""
    return [_ACTIONS[code] for code in rows[_ACTION_AT::SIZE]]


def previous_actions(rows: Rows) -> list[Action | None]:
    """Every row's previous action."""
    return [None if code == _NO_ACTION else _ACTIONS[code] for code in rows[_ACTION_AT + 1 :: SIZE]]


def labels(rows: Rows) -> tuple[int, ...]:
    """Every row's label index."""
    return _column("46xH12x", len(rows) // SIZE).unpack(rows)


def set_label(rows: bytearray, index: int, label: int) -> None:
    """Replace one row's label index."""
    _SHORT.pack_into(rows, index * SIZE + _LABEL_AT, label)


def _nullable(value: float) -> float | None:
    return None if value != value else value


@lru_cache(maxsize=256)
def _column(field: str, count: int) -> Struct:
    return Struct("<" + field * count)
