"""Checks that rows read from the store can be continued and shown."""

from collections.abc import Iterator

import numpy as np

from app.domain.records import MINUTE_MS
from app.domain.row import NO_GAP, Bools, Floats, Rows, are_codes_known
from app.domain.validation import EARLIEST_MS, HIGHEST_PRICE, LATEST_MS, LOWEST_PRICE

# The end of the year 9999, as far as Python's times go.
_LATEST_EMISSION_MS = 253_402_300_799_999


def row_fault(rows: Rows) -> tuple[int, str] | None:
    """None for rows that the fold can have made, otherwise the index of one that it cannot, and a sentence.

    It finds values that would stop the work on a later bar, or that make no sense. It cannot see that a price was
    another one.
    """
    for is_sound, sentence in _checks(rows):
        if not is_sound.all():
            index = int(np.flatnonzero(~is_sound)[0])
            fields = dict(zip(rows.dtype.names or (), rows[index].item(), strict=True))
            return index, sentence.format(**fields)
    return None


def _checks(rows: Rows) -> Iterator[tuple[Bools, str]]:
    yield are_codes_known(rows), "it has a code that stands for nothing: {action}, {previous_action} or {reason}"
    start = rows["minute"].astype(np.int64) * MINUTE_MS
    yield (start >= EARLIEST_MS) & (start < LATEST_MS), "its minute is {minute}, it must lie in 1990 to 2099"
    split_close = np.where(np.isnan(rows["split_close"]), rows["open"], rows["split_close"])
    for price in (rows["open"], rows["high"], rows["low"], rows["close"], split_close):
        yield (price >= LOWEST_PRICE) & (price <= HIGHEST_PRICE), "a price is not a positive number"
    traded = _at_least_0(rows["volume"]) & _none_or(rows["vwap"], _at_least_0(rows["vwap"]))
    yield traded, "its volume is {volume} and its vwap {vwap}"
    averages = _at_least_0(rows["gain"]) & _at_least_0(rows["loss"])
    yield averages, "its average gain is {gain} and its average loss {loss}"
    # An average of prices at the end of their range may lie a rounding error beyond it.
    for average in (rows["sma_fast"], rows["sma_slow"]):
        yield _none_or(average, (average > 0.0) & np.isfinite(average)), "an average is not a positive number"
    yield _none_or(rows["rsi"], (rows["rsi"] >= 0.0) & (rows["rsi"] <= 100.0)), "its RSI is {rsi}"
    bars, numbers = rows["bars_seen"].astype(np.int64), rows["number"].astype(np.int64)
    yield (bars > 0) & (bars <= numbers + 1), "it is bar {bars_seen} of its series and bar number {number} of its run"
    yield rows["gap_minutes"] >= NO_GAP, "the gap before it is {gap_minutes} minutes"
    yield np.abs(rows["emitted_at"]) <= _LATEST_EMISSION_MS, "it was emitted at {emitted_at}"


def _at_least_0(values: Floats) -> Bools:
    return np.isfinite(values) & (values >= 0.0)


def _none_or(values: Floats, are_sound: Bools) -> Bools:
    return np.isnan(values) | are_sound
