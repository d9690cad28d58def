"""Whether a window read back can be continued: every row a bar, every average a number, in order."""

from math import isfinite

from app.domain import rows
from app.domain.records import MINUTE_MS
from app.domain.validation import is_price, minute_fault
from app.domain.window import Window


def window_fault(window: Window) -> str | None:
    """None for a window that the fold can have made, otherwise a sentence.

    It finds what would end the work on a later bar or show nonsense; that one
    price was another it cannot see. Takes some 30 µs, so it is asked when a
    partition is taken over and not with every batch.
    """
    # As a rebuild leaves it, in front of the first offset.
    seen_nothing = window == Window(window.strategy, position=window.position)
    if window.position is None or window.position.partition < 0 or window.position.offset < -seen_nothing:
        return f"its position is {window.position}"
    if seen_nothing:
        return None
    count = len(window.rows) // rows.SIZE
    if not 0 < count <= window.bars_seen:
        return f"it keeps {count} bars of {window.bars_seen} seen"
    if len(window.gains) > count + 1 or not all(isfinite(x) and x >= 0 for x in window.gains + window.losses):
        return "an average gain or loss is none"
    return _rows_fault(window) or _starts_fault(window)


def _rows_fault(window: Window) -> str | None:
    before = 0
    for minute, open_, high, low, close, volume, vwap, _, _, label in rows.unpack(window.rows):
        timestamp = minute * MINUTE_MS
        if fault := minute_fault(timestamp):
            return fault
        if timestamp <= before:
            return f"a bar of {timestamp} stands behind one of {before}"
        before = timestamp
        if not (is_price(open_) and is_price(high) and is_price(low) and is_price(close)):
            return f"the bar of {timestamp} has a price that is none"
        if not (isfinite(volume) and volume >= 0) or not (vwap != vwap or 0 <= vwap < float("inf")):
            return f"the bar of {timestamp} has volume {volume} and vwap {vwap}"
        if label >= len(window.labels):
            return f"the bar of {timestamp} has label {label} of {len(window.labels)}"
    return None


def _starts_fault(window: Window) -> str | None:
    before = -1
    for start in window.starts:
        if not before < start.bar < window.bars_seen:
            return f"a split before bar {start.bar} of {window.bars_seen}, after one before bar {before}"
        before = start.bar
        if not (is_price(start.previous_close) and is_price(start.open)):
            return f"the split before bar {start.bar} has a price that is none"
        if fault := minute_fault(start.timestamp):
            return fault
    return None
