"""The values of another indicator one bar earlier, so that a rule can see a crossing."""

from dataclasses import dataclass

import numpy as np

from app.domain.indicators.indicator import Columns, Indicator, Inputs
from app.domain.row import is_first, one_before


@dataclass(frozen=True)
class Previous(Indicator):
    """The values of another indicator one bar earlier; none for the first bar, also after a split."""

    of: Indicator

    @property
    def states(self) -> tuple[str, ...]:  # type: ignore[override]
        """The other indicator's states, then its values now and one bar earlier."""
        now, before = (tuple(f"{when}_{name}" for name in self.of.values) for when in ("now", "before"))
        return (*(f"of_{name}" for name in self.of.states), *now, *before)

    @property
    def values(self) -> tuple[str, ...]:  # type: ignore[override]
        return self.of.values

    @property
    def warm_up(self) -> int:
        return self.of.warm_up + 1

    @property
    def lookback(self) -> int:
        return self.of.lookback

    def advance(self, before: Columns, inputs: Inputs) -> Columns:
        first = is_first(inputs.which)
        own, count = len(self.of.states), len(self.of.values)
        states = self.of.advance(before[:own], inputs)
        now = self.of.read(states, inputs)
        olds = (
            np.where(first, old[inputs.which], one_before(value))
            for old, value in zip(before[own : own + count], now, strict=True)
        )
        return (*states, *now, *(np.where(inputs.bars > 1, old, np.nan) for old in olds))

    def read(self, states: Columns, inputs: Inputs) -> Columns:
        return states[len(states) - len(self.of.values) :]
