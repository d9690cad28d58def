"""Computes the indicators of new bars from the bars before them. Every fold uses this one function."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from app.domain.indicators.indicator import Inputs
from app.domain.indicators.rsi import unchanged
from app.domain.provenance import Provenance
from app.domain.records import MINUTE_MS
from app.domain.row import NO_GAP, Bools, Floats, Ints, Objects, Rows, is_first, one_before, read_only
from app.domain.split import RAW, Gap, is_night, no_jump, split_ratio
from app.domain.strategy import Strategy

Provenances = Sequence[Provenance] | Objects
"""One of each row."""


class Before(NamedTuple):
    """The state of k series before their new bars."""

    #: i8[k], how many bars there are.
    counts: Ints
    #: k rows, each series' newest; not used for a series without bars.
    newest: Rows
    #: f8[k, lookback], each series' newest closes, oldest first; of a series with fewer, those in front are not used.
    closes: Floats


def advance(before: Before, rows: Rows, which: Ints, provenances: Provenances, strategy: Strategy, gap: Gap) -> Bools:
    """Fill in the indicators of rows, number to split close, of which the bars' values are set; tell which are flat.

    rows: n of the strategy's layout, grouped by series and each series' in the order of time; which: i8[n],
    ascending, their series among those of `before`; provenances: n of them. What comes out does not depend
    on which bars come together. Raises RuleError for an indicator of a rule that returns the wrong shape.
    """
    count = len(rows)
    first = is_first(which)
    rank = np.arange(count) - np.flatnonzero(first)[which]
    numbers = before.counts[which] + rank
    rows["number"] = numbers

    history = _known(before, strategy.lookback)
    closes, at = _one_after_the_other(history, rows["close"], which, first)
    previous_closes = closes[at - 1]
    minutes = rows["minute"].astype(np.int64)
    previous_minutes = np.where(first, before.newest["minute"][which], one_before(minutes))
    rows["gap_minutes"] = _gaps(previous_minutes, minutes, numbers, gap)
    splits = _splits(rows, previous_closes, previous_minutes, numbers, provenances, gap)
    rows["split_close"] = np.nan
    rows["split_close"][splits] = previous_closes[splits]

    seen_before = np.where(before.counts > 0, before.newest["bars_seen"], 0)
    bars = seen_before[which] + rank + 1
    for split in splits:  # It and the later bars of its series count from 1 again.
        later = (which == which[split]) & (rank >= rank[split])
        bars[later] -= bars[split] - 1
    rows["bars_seen"] = bars

    windows = sliding_window_view(closes, strategy.lookback)[at - strategy.lookback + 1]
    inputs = Inputs(read_only(rows), read_only(windows), read_only(bars), read_only(which))
    for indicator in strategy.indicators:
        indicator.fill(rows, before.newest, before.counts > 0, inputs)
    return unchanged(inputs.windows, bars, strategy.rsi_period)


def _known(before: Before, lookback: int) -> Floats:
    """The closes before, NaN where a series has none, so that nobody uses what happens to stand there."""
    missing = lookback - before.counts
    if missing.max(initial=0) <= 0:
        return before.closes
    return np.where(np.arange(lookback) >= missing[:, np.newaxis], before.closes, np.nan)


def _one_after_the_other(history: Floats, closes: Floats, which: Ints, first: Bools) -> tuple[Floats, Ints]:
    """All closes, each series' new ones behind its old ones, and where the new ones are."""
    series, old = history.shape
    at = np.arange(len(closes)) + old * (which + 1)
    begins = at[first] - old
    joined = np.empty(len(closes) + series * old)
    joined[at] = closes
    joined[begins[:, np.newaxis] + np.arange(old)] = history
    return joined, at


def _gaps(previous: Ints, minutes: Ints, numbers: Ints, gap: Gap) -> Ints:
    """Session minutes between each bar and the one before it; NO_GAP for a first bar and outside the calendar."""
    gaps = np.where(numbers > 0, 0, NO_GAP)
    for index in np.flatnonzero((numbers > 0) & (minutes - previous != 1)).tolist():
        found = gap(int(previous[index]) * MINUTE_MS, int(minutes[index]) * MINUTE_MS)
        gaps[index] = NO_GAP if found is None else found
    return gaps


def _splits(
    rows: Rows,
    previous_closes: Floats,
    previous_minutes: Ints,
    numbers: Ints,
    provenances: Provenances,
    gap: Gap,
) -> list[int]:
    """The indexes of the bars that look like the first after a split."""
    jumps = (numbers > 0) & ~no_jump(rows["open"] / np.where(numbers > 0, previous_closes, 1.0))
    return [
        index
        for index in np.flatnonzero(jumps).tolist()
        if provenances[index].adjustment == RAW
        and split_ratio(float(previous_closes[index]), float(rows["open"][index]))
        and is_night(int(previous_minutes[index]) * MINUTE_MS, int(rows["minute"][index]) * MINUTE_MS, gap)
    ]
