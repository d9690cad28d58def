"""Buy below the lower Bollinger band in an uptrend, sell above the upper one in a downtrend."""

from collections.abc import Sequence

from app.domain.indicators import Bollinger
from app.domain.rule import Clause, RuleColumns

PARAMETERS = {"period": 20, "deviations": 2.0}
INDICATORS = {"band": Bollinger(int(PARAMETERS["period"]), PARAMETERS["deviations"])}
REASONS = ("below_the_band_in_uptrend", "above_the_band_in_downtrend")


def decide(bars: RuleColumns) -> Sequence[Clause]:
    """The trend is that of the two simple averages."""
    return (
        Clause("below_the_band_in_uptrend", "BUY", (bars.close < bars.band_lower) & (bars.sma_fast > bars.sma_slow)),
        Clause("above_the_band_in_downtrend", "SELL", (bars.close > bars.band_upper) & (bars.sma_fast < bars.sma_slow)),
    )
