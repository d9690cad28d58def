"""Enough history that the first live bar has settled indicators."""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import count
from operator import attrgetter

from app.calendar.trading_calendar import TradingCalendar
from app.domain.indicators.rsi import seed_weight
from app.domain.strategy import Strategy
from app.sources.alpaca.bar import AlpacaBar

SETTLED_BELOW = 0.001
"""The RSI counts as settled when less than this share of it depends on its first averages (`rsi_seed_weight`)."""
MOST_SESSIONS = 10
"""How far back bars are looked for; a symbol that trades once a minute has enough in one session."""


def bars_needed(strategy: Strategy) -> int:
    """After so many bars all indicators are there, and the RSI settled: 109 with the default periods."""
    settled = next(bars for bars in count(1) if seed_weight(bars, strategy.rsi_period) < SETTLED_BELOW)
    return max(settled, strategy.warm_up)


def warm_up(
    fetch: Callable[[int, int, Sequence[str]], list[AlpacaBar]],
    calendar: TradingCalendar,
    symbols: Sequence[str],
    end_ms: int,
    needed: int,
) -> list[AlpacaBar]:
    """The bars before `end_ms` by time and symbol: the whole latest session, and `needed` bars of each symbol.

    The whole session, so that a restart within it leaves no gap. A symbol that has too few bars is asked for further
    and further back, up to MOST_SESSIONS sessions. Raises what `fetch` raises.
    """
    found: list[AlpacaBar] = []
    oldest = calendar.opens_before(end_ms, MOST_SESSIONS)
    until, minutes = end_ms, needed
    start = min(calendar.minutes_before(end_ms, minutes), calendar.opens_before(end_ms, 1))
    lacking = symbols
    while True:
        for span_start, span_end in calendar.spans(start, until):
            found += fetch(span_start, span_end, lacking)
        counts = Counter(bar.symbol for bar in found)
        lacking = [symbol for symbol in symbols if counts[symbol] < needed]
        if not lacking or start <= oldest:
            return sorted(found, key=attrgetter("timestamp", "symbol"))
        minutes *= 2
        until, start = start, max(oldest, calendar.minutes_before(start, minutes))
