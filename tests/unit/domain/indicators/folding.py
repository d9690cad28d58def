"""An indicator over the closes of some series, as the kernel folds it: cut into batches anywhere."""

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from app.domain.indicators import Indicator
from app.domain.indicators.indicator import Columns, Inputs
from app.domain.row import ROW, Floats


def fold(indicator: Indicator, closes: Sequence[float], cuts: Sequence[int] = ()) -> Columns:
    """Its values after each close, folded in batches that end at `cuts`."""
    parts = []
    states: Columns = tuple(np.zeros(1) for _ in indicator.states)
    for start, end in zip([0, *cuts], [*cuts, len(closes)], strict=True):
        inputs = _inputs(indicator, closes, start, end)
        made = indicator.advance(states, inputs)
        parts.append(indicator.read(made, inputs))
        states = tuple(state[-1:] for state in made)
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


def fold_many(indicator: Indicator, series: Sequence[Sequence[float]]) -> list[Columns]:
    """The values of several series that come in one batch, of each series by itself."""
    parts = [_inputs(indicator, closes, 0, len(closes)) for closes in series]
    rows, windows, bars = (np.concatenate(column) for column in list(zip(*parts, strict=True))[:3])
    which = np.repeat(np.arange(len(series)), [len(closes) for closes in series])
    inputs = Inputs(rows, windows, bars, which)
    states = indicator.advance(tuple(np.full(len(series), 7.0) for _ in indicator.states), inputs)
    values = indicator.read(states, inputs)
    return [tuple(column[which == at] for column in values) for at in range(len(series))]


def _inputs(indicator: Indicator, closes: Sequence[float], start: int, end: int) -> Inputs:
    rows = np.zeros(end - start, ROW)
    rows["close"] = closes[start:end]
    # Before the first close stands something that must not matter.
    padded: Floats = np.concatenate([np.full(indicator.lookback - 1, 12.5), closes])
    windows = np.ascontiguousarray(sliding_window_view(padded, indicator.lookback)[start:end])
    return Inputs(rows, windows, np.arange(start + 1, end + 1), np.zeros(end - start, np.int64))
