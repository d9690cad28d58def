"""Enough history that the first live bar has settled indicators."""

from collections import Counter
from collections.abc import Sequence
from itertools import count
from operator import attrgetter
from typing import NamedTuple, Protocol

from app.domain.indicators.rsi import seed_weight
from app.domain.strategy import Strategy
from app.sources.alpaca.bar import AlpacaBar
from app.sources.alpaca.market import Market

SETTLED_BELOW = 0.001
"""The RSI counts as settled when less than this share of it hangs on where the series began (`rsi_seed_weight`)."""
MOST_SESSIONS = 10
"""How far back bars are looked for; a symbol that trades once a minute has enough in one session."""


class Ask(Protocol):
    """See fetch.py."""

    def __call__(self, start_ms: int, end_ms: int, symbols: Sequence[str] | None = None) -> list[AlpacaBar]:
        """All bars of a span, by time and symbol."""


class History(NamedTuple):
    """Bars by time and symbol, and how many each symbol has."""

    bars: list[AlpacaBar]
    counts: Counter[str]


def bars_needed(strategy: Strategy) -> int:
    """After so many bars all indicators are there, and the RSI settled: 109 with the default periods."""
    settled = next(bars for bars in count(1) if seed_weight(bars, strategy.rsi_period) < SETTLED_BELOW)
    return max(settled, strategy.warm_up)


def warm_up(ask: Ask, market: Market, symbols: Sequence[str], end_ms: int, needed: int) -> History:
    """The bars before `end_ms`: the whole latest session, and as far back as each symbol needs for `needed` bars.

    The whole session, so that a restart within it leaves no hole. A symbol that has too few bars is asked for further
    and further back, up to MOST_SESSIONS sessions. Raises what `ask` raises.
    """
    found: list[AlpacaBar] = []
    oldest = market.opens_before(end_ms, MOST_SESSIONS)
    until, minutes = end_ms, needed
    start = min(market.minutes_before(end_ms, minutes), market.opens_before(end_ms, 1))
    lacking = symbols
    while True:
        for span in market.spans(start, until):
            found += ask(*span, lacking)
        counts = Counter(bar.symbol for bar in found)
        lacking = [symbol for symbol in symbols if counts[symbol] < needed]
        if not lacking or start <= oldest:
            return History(sorted(found, key=attrgetter("timestamp", "symbol")), counts)
        minutes *= 2
        until, start = start, max(oldest, market.minutes_before(start, minutes))
