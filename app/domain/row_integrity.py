"""Whether a row read back can be continued and shown: a bar, its averages and indicators, all of them numbers."""

from math import inf, isfinite

from app.domain.row import Row
from app.domain.validation import is_price, minute_fault

# The end of the year 9999, as far as Python's times go.
_LATEST_EMISSION_MS = 253_402_300_799_999


def validate_row(row: Row) -> str | None:
    """None for a row that the fold can have made, otherwise a sentence.

    It finds what would end the work on a later bar or show nonsense; that one
    price was another it cannot see.
    """
    if fault := minute_fault(row.timestamp):
        return fault
    split_close = row.open if row.split_close is None else row.split_close
    if not all(is_price(price) for price in (row.open, row.high, row.low, row.close, split_close)):
        return "a price is not a positive number"
    if not (_at_least_0(row.volume) and (row.vwap is None or _at_least_0(row.vwap))):
        return f"its volume is {row.volume} and its vwap {row.vwap}"
    if not (_at_least_0(row.gain) and _at_least_0(row.loss)):
        return f"its average gain is {row.gain} and its average loss {row.loss}"
    # An average of prices at the end of their range may lie a rounding error beyond it.
    if not all(average is None or 0.0 < average < inf for average in (row.sma_fast, row.sma_slow)):
        return "an average is not a positive number"
    if row.rsi is not None and not 0.0 <= row.rsi <= 100.0:
        return f"its RSI is {row.rsi}"
    if not 0 < row.bars_seen <= row.number + 1:
        return f"it is bar {row.bars_seen} of its series and bar {row.number + 1} of its run"
    if row.gap_minutes is not None and row.gap_minutes < 0:
        return f"the gap before it is {row.gap_minutes} minutes"
    if abs(row.emitted_at) > _LATEST_EMISSION_MS:
        return f"it was emitted at {row.emitted_at}"
    return None


def _at_least_0(value: float) -> bool:
    return isfinite(value) and value >= 0.0
