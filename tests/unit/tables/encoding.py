"""Rows made of Python values."""

from collections.abc import Sequence
from math import nan
from typing import Any

import numpy as np

from app.domain.records import MINUTE_MS
from app.domain.row import ACTIONS, NO_ACTION, NO_COUNT, NO_GAP, OWN_REASONS, REASONS, ROW, Row, Rows
from tables.row_format import encode_rows


def packed(rows: Sequence[Row]) -> Rows:
    """ROW[n] of rows."""
    return np.array([_fields(row) for row in rows], ROW)


def encode_row(row: Row) -> bytes:
    """The bytes of one row."""
    [data] = encode_rows(packed([row]), [row.provenance], row.strategy)
    return data


def _fields(row: Row) -> tuple[Any, ...]:
    values: dict[str, Any] = row._asdict()
    values |= {
        "minute": row.timestamp // MINUTE_MS,
        "trade_count": NO_COUNT if row.trade_count is None else row.trade_count,
        "gap_minutes": NO_GAP if row.gap_minutes is None else row.gap_minutes,
        "action": ACTIONS.index(row.action),
        "previous_action": NO_ACTION if row.previous_action is None else ACTIONS.index(row.previous_action),
        "reason": REASONS.index(row.reason) if row.own_reason is None else OWN_REASONS + row.own_reason,
    }
    return tuple(nan if values[name] is None else values[name] for name in ROW.names or ())
