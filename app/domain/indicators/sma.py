"""The simple moving average: the mean of the newest `period` closes."""

import numpy as np

from app.domain.row import Floats, Ints


def sma(windows: Floats, bars: Ints, period: int) -> Floats:
    """The average of each bar, in the currency of its closes; NaN before there are `period` bars.

    windows: f8[n, w], w at least `period`: each bar's newest closes, its own last. Contiguous along w: then
    numpy adds in the same order for any n, and an average does not depend on how bars are cut into batches.
    bars: i8[n], how many bars of its series there are up to each.
    """
    sums = windows[:, windows.shape[1] - period :].sum(axis=1)
    return np.where(bars >= period, sums / period, np.nan)
