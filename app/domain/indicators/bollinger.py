"""Bollinger bands: the average of the newest `period` closes, and so many standard deviations above and below it.

John Bollinger, Bollinger on Bollinger Bands (2001): 20 closes, two deviations of the population.
"""

from dataclasses import dataclass

import numpy as np

from app.domain.indicators.indicator import Columns, Indicator, Inputs


@dataclass(frozen=True, slots=True)
class Bollinger(Indicator):
    """In the currency of its closes."""

    period: int = 20
    deviations: float = 2.0

    values = ("middle", "upper", "lower")

    @property
    def warm_up(self) -> int:
        return self.period

    @property
    def lookback(self) -> int:
        return self.period

    def read(self, states: Columns, inputs: Inputs) -> Columns:
        windows = inputs.windows[:, inputs.windows.shape[1] - self.period :]
        middle = windows.sum(axis=1) / self.period
        width = self.deviations * np.sqrt(((windows - middle[:, np.newaxis]) ** 2).sum(axis=1) / self.period)
        warm = inputs.bars >= self.period
        return tuple(np.where(warm, band, np.nan) for band in (middle, middle + width, middle - width))
