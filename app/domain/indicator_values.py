"""The indicators of one bar of a window."""

from math import fsum
from typing import NamedTuple

from app.domain import bar_rows, rsi
from app.domain.records import MINUTE_MS, Split
from app.domain.split import Gap, series_start
from app.domain.strategy import Strategy
from app.domain.window import Window


class IndicatorValues(NamedTuple):
    """What a bar's indicators are; a change of any of them makes a new revision.

    Prices and averages are in the symbol's currency, the RSI in points (0 to 100).
    """

    close: float
    sma_fast: float | None
    sma_slow: float | None
    rsi: float | None
    flat: bool
    bars_seen: int
    gap_minutes: int | None
    split: Split | None


def indicator_values(window: Window, index: int, strategy: Strategy, gap: Gap) -> IndicatorValues:
    """The indicators of the bar at `index`, which must be one of those whose averages are kept.

    The simple averages are correctly rounded sums divided by the period
    (math.fsum), so they do not depend on the order of adding.
    """
    closes = window.closes
    count = len(closes)
    end = index + 1
    number = window.bars_seen - count + index
    start = series_start(window.split_starts, number) if window.split_starts else 0
    bars = number + 1 - start
    fast, slow, period = strategy.fast, strategy.slow, strategy.rsi_period
    close = closes[index]
    state = index - count
    has_rsi = bars > period
    return IndicatorValues(
        close,
        fsum(closes[end - fast : end]) / fast if bars >= fast else None,
        fsum(closes[end - slow : end]) / slow if bars >= slow else None,
        rsi.rsi(window.gains[state], window.losses[state]) if has_rsi else None,
        has_rsi and close == closes[index - 1] and closes[index - period : end].count(close) == period + 1,
        bars,
        _gap(window, index, gap) if index else None,
        _split(window, index) if start and bars == 1 else None,
    )


def _gap(window: Window, index: int, gap: Gap) -> int | None:
    previous, timestamp = bar_rows.two_timestamps(window.rows, index)
    return 0 if timestamp - previous == MINUTE_MS else gap(previous, timestamp)


def _split(window: Window, index: int) -> Split:
    previous_close, open_ = window.split_prices(index)
    return {"previous_close": previous_close, "open": open_}
