"""The simple moving average: the mean of the newest `period` closes."""

from dataclasses import dataclass

import numpy as np

from app.domain.indicators.indicator import Columns, Indicator, Inputs


@dataclass(frozen=True, slots=True)
class Sma(Indicator):
    """In the currency of its closes."""

    period: int

    @property
    def warm_up(self) -> int:
        return self.period

    @property
    def lookback(self) -> int:
        return self.period

    def read(self, states: Columns, inputs: Inputs) -> Columns:
        windows = inputs.windows
        sums = windows[:, windows.shape[1] - self.period :].sum(axis=1)
        return (np.where(inputs.bars >= self.period, sums / self.period, np.nan),)
