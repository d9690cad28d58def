"""What to ask REST for, and when: every minute after its end, and again while late bars and corrections may come."""

from collections.abc import Iterator, Mapping, Sequence

from app.calendar.trading_calendar import TradingCalendar
from app.domain.records import MINUTE_MS
from app.sources.alpaca.alpaca_source import AlpacaSource
from app.sources.alpaca.bar import AlpacaBar
from app.sources.alpaca.rest import MOST_BARS, groups

SERVED_AFTER_MS = 4_000
"""A minute is asked for this long after its end: REST has its bars 1 to 3 s after it."""
OVERLAP_MINUTES = 11
"""Each request begins this long before the last one's end. A bar with LATE_BARS newer ones is stale anyway."""
_MOST_AT_ONCE = 100_000


class Polling:
    """All minutes before `through_ms` have been asked for at least once, with success, after they had ended.

    So the next request that succeeds, however much later, asks for all that a failure left out. `known_until` says for
    each symbol until when its bars are known; for a symbol that is not in it, that is `through_ms`.
    """

    def __init__(
        self,
        source: AlpacaSource,
        calendar: TradingCalendar,
        through_ms: int,
        known_until: Mapping[str, int],
        most_at_once: int = _MOST_AT_ONCE,
    ) -> None:
        self.through_ms = through_ms
        self._source, self._calendar, self._most_at_once = source, calendar, most_at_once
        self._known_until = dict.fromkeys(source.symbols, through_ms) | dict(known_until)

    @property
    def from_ms(self) -> int:
        """The next request begins here or later."""
        return self.through_ms - OVERLAP_MINUTES * MINUTE_MS

    def due_ms(self, now_ms: int, after_ms: int = SERVED_AFTER_MS) -> int:
        """When to ask for the next minute: `after_ms` after its end, but not before REST has it."""
        if ended(now_ms) < self.through_ms - MINUTE_MS:
            # The clock was set back: minutes that had not even begun were taken for ended.
            self.through_ms = ended(now_ms)
        return self.through_ms + MINUTE_MS + max(after_ms, SERVED_AFTER_MS)

    def begin(self, open_ms: int) -> None:
        """Includes a session that began then, and that may have become known only now."""
        self.through_ms = min(self.through_ms, open_ms)

    def is_over(self, now_ms: int) -> bool:
        """Whether the exchange is closed, and all of its last session was asked for often enough."""
        return self._calendar.session_at(now_ms) is None and not self._calendar.spans(self.from_ms, now_ms)

    def ask(self, now_ms: int) -> Iterator[list[AlpacaBar]]:
        """Asks for all from the overlap to the last minute that has ended; a long span comes in several parts.

        Only bars of regular sessions, each part by time and symbol. When an error ends it, the parts before are not
        asked for again. Raises AlpacaError.
        """
        through = ended(now_ms)
        step_ms = max(OVERLAP_MINUTES * 2, self._most_at_once // len(self._source.symbols)) * MINUTE_MS
        for start, end in self._calendar.spans(self.from_ms, through):
            for at in range(start, end, step_ms):
                until = min(at + step_ms, end)
                bars = self._source.fetch(at, until)
                yield self._before(at, bars) + bars
                self._known_until.update((bar.symbol, bar.timestamp + MINUTE_MS) for bar in bars)
                self.through_ms = max(self.through_ms, until)
        self.through_ms = max(self.through_ms, through)

    def _before(self, start_ms: int, bars: Sequence[AlpacaBar]) -> list[AlpacaBar]:
        """Earlier bars of the session, of those symbols of `bars` that had no bar since before `start_ms`.

        Perhaps they did not trade; perhaps Alpaca had their bars late.
        """
        back = list({bar.symbol for bar in bars if self._known_until[bar.symbol] < start_ms})
        if not back:
            return []
        since = max(min(self._known_until[symbol] for symbol in back), self._calendar.opens_before(start_ms + 1, 1))
        missed = self._source.fetch(since, start_ms, back) if since < start_ms else []
        return [bar for bar in missed if bar.timestamp >= self._known_until[bar.symbol]]


def ended(now_ms: int) -> int:
    """The end of the last minute whose bars REST has by now."""
    return (now_ms - SERVED_AFTER_MS) // MINUTE_MS * MINUTE_MS


def requests_a_minute(symbols: list[str]) -> int:
    """How many requests it takes to poll these symbols if each trades every minute."""
    return sum(-(-len(group) * (OVERLAP_MINUTES + 1) // MOST_BARS) for group in groups(symbols))
