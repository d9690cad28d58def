"""The indicators of one bar of a draft."""

from math import fsum
from typing import NamedTuple

from app.domain import rows, wilder
from app.domain.draft import Draft
from app.domain.records import MINUTE_MS, Split


class Measures(NamedTuple):
    """What a bar's indicators are; a change of any of them makes a new revision."""

    close: float
    sma_fast: float | None
    sma_slow: float | None
    rsi: float | None
    seed_weight: float
    ready: bool
    flat: bool
    bars_seen: int
    gap_minutes: int | None
    split: Split | None


def measure(draft: Draft, index: int) -> Measures:
    """The indicators of the row at `index`, which must be one of those whose averages are kept.

    The simple averages are correctly rounded sums divided by the period
    (math.fsum), so they do not depend on the order of adding.
    """
    strategy = draft.strategy
    closes = draft.closes
    count = len(closes)
    end = index + 1
    bars = draft.bars_seen - count + end
    split = None
    if draft.starts and (start := draft.start(index)):
        bars -= start.bar
        split = start.split if bars == 1 else None
    fast, slow, period = strategy.fast, strategy.slow, strategy.rsi_period
    close = closes[index]
    ready = bars >= slow
    state = end - count - 1
    has_rsi = bars > period
    return Measures(
        close,
        fsum(closes[end - fast : end]) / fast if bars >= fast else None,
        fsum(closes[end - slow : end]) / slow if ready else None,
        wilder.rsi(draft.gains[state], draft.losses[state]) if has_rsi else None,
        wilder.seed_weight(bars, period),
        ready,
        has_rsi and close == closes[index - 1] and closes[index - period : end].count(close) == period + 1,
        bars,
        _gap(draft, index) if index else None,
        split,
    )


def _gap(draft: Draft, index: int) -> int | None:
    previous, timestamp = rows.two_timestamps(draft.rows, index)
    return 0 if timestamp - previous == MINUTE_MS else draft.gap(previous, timestamp)
