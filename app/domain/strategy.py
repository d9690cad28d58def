"""Periods, the rule and its indicators, and the name that every record carries."""

from dataclasses import dataclass, field

import numpy as np

from app.domain.indicators import Rsi, Sma
from app.domain.placed import PlacedIndicator
from app.domain.row import ROW
from app.domain.rule import Rule
from app.domain.rules.dips_and_rallies import dips_and_rallies


@dataclass(frozen=True, slots=True)
class Strategy:
    """SMA periods and RSI period in bars, RSI thresholds in points (0 to 100), room for late bars in bars, the rule.

    The thresholds are those of the rule unless another one is given. Raises ValueError when the
    fast period is not below the slow one, or the RSI's needs more closes than the window holds.
    """

    fast: int = 20
    slow: int = 50
    rsi_period: int = 14
    buy_below: float = 30.0
    sell_above: float = 70.0
    late_bars: int = 10
    own_rule: Rule | None = None
    name: str = field(init=False)
    """The usual rule's is for example `sma20-sma50-rsi14-30-70/1`, where 1 is its version, and that of a file
    `sma20-sma50-rsi14-mine@1b9e7c55`."""
    rule: Rule = field(init=False, compare=False, repr=False)
    #: All indicators: the three usual ones, and those of the rule.
    indicators: tuple[PlacedIndicator, ...] = field(init=False, compare=False, repr=False)
    #: The layout of its rows: ROW, and an f8 for each state and value of the rule's indicators.
    dtype: np.dtype[np.void] = field(init=False, compare=False, repr=False)
    #: The columns of the values of the rule's own indicators.
    own_values: tuple[str, ...] = field(init=False, compare=False, repr=False)
    #: Bars that a series needs before the rule is applied.
    warm_up: int = field(init=False, compare=False, repr=False)
    #: Closes that the indicators look back at, the bar's own counted.
    lookback: int = field(init=False, compare=False, repr=False)
    #: Bars kept a symbol: what the oldest bar that may still change needs for its indicators.
    window: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.fast >= self.slow:
            raise ValueError(f"SMA_FAST ({self.fast}) must be below SMA_SLOW ({self.slow})")
        if self.rsi_period >= self.slow:
            raise ValueError(f"RSI_PERIOD ({self.rsi_period}) must be below SMA_SLOW ({self.slow})")
        if self.buy_below >= self.sell_above:
            raise ValueError(f"RSI_BUY_BELOW ({self.buy_below:g}) must be below RSI_SELL_ABOVE ({self.sell_above:g})")
        # Made once: each record needs them.
        usual = f"sma{self.fast}-sma{self.slow}-rsi{self.rsi_period}"
        rule = self.own_rule or dips_and_rallies(self.buy_below, self.sell_above)
        declared = [PlacedIndicator.declared(*each) for each in rule.indicators.items()]
        indicators = (*self._usual(), *declared)
        lookback = max(self.slow, *(each.indicator.lookback for each in indicators))
        extra = [(name, "<f8") for each in declared for name in (*each.states, *each.values)]
        for attribute, value in (
            ("name", f"{usual}-{rule.name}"),
            ("rule", rule),
            ("indicators", indicators),
            ("dtype", np.dtype([*ROW.descr, *extra]) if extra else ROW),
            ("own_values", tuple(name for each in declared for name in each.values)),
            ("warm_up", max(each.indicator.warm_up for each in indicators)),
            ("lookback", lookback),
            ("window", lookback + self.late_bars),
        ):
            object.__setattr__(self, attribute, value)

    def _usual(self) -> tuple[PlacedIndicator, ...]:
        return (
            PlacedIndicator("sma_fast", Sma(self.fast), (), ("sma_fast",)),
            PlacedIndicator("sma_slow", Sma(self.slow), (), ("sma_slow",)),
            PlacedIndicator("rsi", Rsi(self.rsi_period), ("gain", "loss"), ("rsi",)),
        )
