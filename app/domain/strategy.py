"""Periods and thresholds of the rule, and the name that every record carries."""

from dataclasses import dataclass, field

# Closer averages are equal, relative to the larger one: on a flat tape the noise of summing would decide.
EQUAL = 1e-9


@dataclass(frozen=True, slots=True)
class Strategy:
    """SMA periods and RSI period in bars, RSI thresholds in points (0 to 100), room for late bars in bars.

    Raises ValueError when the fast period is not below the slow one, or the
    RSI's needs more closes than the window holds.
    """

    fast: int = 20
    slow: int = 50
    rsi_period: int = 14
    buy_below: float = 30.0
    sell_above: float = 70.0
    late_bars: int = 10
    name: str = field(init=False)
    """For example `sma20-sma50-rsi14-30-70/1`; the last number is the rule's version."""

    def __post_init__(self) -> None:
        if self.fast >= self.slow:
            raise ValueError(f"SMA_FAST ({self.fast}) must be below SMA_SLOW ({self.slow})")
        if self.rsi_period >= self.slow:
            raise ValueError(f"RSI_PERIOD ({self.rsi_period}) must be below SMA_SLOW ({self.slow})")
        if self.buy_below >= self.sell_above:
            raise ValueError(f"RSI_BUY_BELOW ({self.buy_below:g}) must be below RSI_SELL_ABOVE ({self.sell_above:g})")
        # Made once: it is in every record.
        name = f"sma{self.fast}-sma{self.slow}-rsi{self.rsi_period}-{self.buy_below:g}-{self.sell_above:g}/1"
        object.__setattr__(self, "name", name)

    @property
    def window(self) -> int:
        """Bars kept a symbol: what the oldest bar that may still change needs for its slow average."""
        return self.slow + self.late_bars
