"""Whether a history of signals read back can be continued and shown."""

from app.domain import history_rows as rows
from app.domain.history import History
from app.domain.records import MINUTE_MS
from app.domain.validation import EARLIEST_MS, LATEST_MS

_INFINITY = float("inf")
# The end of the year 9999, as far as Python's times go.
_LATEST_EMISSION_MS = 253_402_300_799_999


def history_fault(history: History) -> str | None:
    """None for a history that the fold can have made, otherwise a sentence; see `window_fault`."""
    position = history.position
    # A rebuild leaves histories that have seen nothing, in front of the first offset.
    if position is None or min(position.partition, position.record_index) < 0 or position.offset < -(not history.rows):
        return f"its position is {position}"
    if fault := rows.codes_fault(history.rows):
        return fault
    labels, before = len(history.labels), EARLIEST_MS // MINUTE_MS - 1
    for row in rows.ROW.iter_unpack(history.rows):
        minute, close, fast, slow, rsi, _, gap, _, label, _, _, _, _, emitted_at = row
        # Not a number means: there is none. Of a split's row the last two are prices.
        if not (
            before < minute < LATEST_MS // MINUTE_MS
            and 0.0 < close < _INFINITY
            and (fast != fast or 0.0 < fast < _INFINITY)
            and (slow != slow or 0.0 < slow < _INFINITY)
            and (rsi != rsi or 0.0 <= rsi < _INFINITY)
            and gap >= -1
            and label < labels
            and abs(emitted_at) <= _LATEST_EMISSION_MS
        ):
            return f"behind minute {before} stands a signal that cannot be: {row}"
        before = minute
    return None
