"""Buy when the fast exponential average crosses above the slow one, sell when it crosses below."""

from collections.abc import Sequence

from app.domain.indicators import Ema, Previous
from app.domain.rule import Clause, RuleColumns

PARAMETERS = {"fast": 12, "slow": 26}
_FAST, _SLOW = Ema(PARAMETERS["fast"]), Ema(PARAMETERS["slow"])
INDICATORS = {
    "ema_fast": _FAST,
    "ema_slow": _SLOW,
    "ema_fast_before": Previous(_FAST),
    "ema_slow_before": Previous(_SLOW),
}
REASONS = ("crossed_above", "crossed_below")


def decide(bars: RuleColumns) -> Sequence[Clause]:
    """One clause for each direction."""
    was_above = bars.ema_fast_before > bars.ema_slow_before
    was_below = bars.ema_fast_before < bars.ema_slow_before
    return (
        Clause("crossed_above", "BUY", (bars.ema_fast > bars.ema_slow) & ~was_above),
        Clause("crossed_below", "SELL", (bars.ema_fast < bars.ema_slow) & ~was_below),
    )
