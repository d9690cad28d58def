"""The exponential moving average, as TA-Lib has it.

The first one is the plain average of `period` closes; each later one moves from the one before
towards the close by 2 / (period + 1) of the way.
"""

from dataclasses import dataclass

import numpy as np

from app.domain.indicators.indicator import Columns, Indicator, Inputs


@dataclass(frozen=True, slots=True)
class Ema(Indicator):
    """In the currency of its closes."""

    period: int

    states = ("average",)

    @property
    def warm_up(self) -> int:
        return self.period

    def advance(self, before: Columns, inputs: Inputs) -> Columns:
        """The average after each bar; the sum of the closes while there are fewer than `period`."""
        averages: list[float] = []
        starts = before[0].tolist()
        step = 2.0 / (self.period + 1)
        average, current = 0.0, -1
        # A plain loop, as for the RSI: each average needs the one before.
        columns = inputs.rows["close"].tolist(), inputs.bars.tolist(), inputs.which.tolist()
        for close, bar, series in zip(*columns, strict=True):
            if series != current:
                current, average = series, starts[series]
            if bar > self.period:
                average += step * (close - average)
            else:
                average = close if bar == 1 else average + close
                if bar == self.period:
                    average /= self.period
            averages.append(average)
        return (np.array(averages),)

    def read(self, states: Columns, inputs: Inputs) -> Columns:
        return (np.where(inputs.bars >= self.period, states[0], np.nan),)
