"""Bars of now, as long as the producer runs."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from app.calendar.trading_calendar import TradingCalendar
from app.domain.indicators.rsi import seed_weight
from app.domain.records import MINUTE_MS, Bar, Origin
from app.domain.strategy import Strategy
from app.sources.alpaca.alpaca_source import AlpacaSource
from app.sources.alpaca.bar import AlpacaBar
from app.sources.alpaca.calendar_sync import CalendarSync
from app.sources.alpaca.deduplicator import Deduplicator
from app.sources.alpaca.errors import AlpacaError, Interrupted
from app.sources.alpaca.parse import OnBad
from app.sources.alpaca.polling import OVERLAP_MINUTES, SERVED_AFTER_MS, Polling, ended, requests_a_minute
from app.sources.alpaca.rest import ADJUSTMENT, Api
from app.sources.alpaca.stream import Stream
from app.sources.alpaca.warmup import MOST_SESSIONS, bars_needed, warm_up
from app.sources.base import OnFault, OnNotice
from app.sources.clock import Clock
from app.times import iso

log = logging.getLogger(__name__)

LIVE_MS = 2 * MINUTE_MS
"""A bar that comes later than this after its end is old: its origin is `backfill`."""
# Late enough for the update that follows a bar after half a minute, and for REST to have it.
_CHECKED_AFTER_MS = 40_000
_LONGEST_WAIT_S = 5.0
_RETRY_MS, _REFUSED_MS = 15_000, 60_000

Connect = Callable[[Sequence[str], Callable[[], float], OnBad], Stream]
"""Makes a stream of these symbols; the function says for how many seconds the market has been open."""


class AlpacaLive(AlpacaSource):
    """The bars of the regular sessions, first as much of the past as settles the indicators, then each as it comes.

    REST is asked once a minute, for an overlapping span. With `connect`, bars come by websocket, and REST fills the
    gaps: after each connection at once, otherwise with the minute's request. Until a gap is filled, bars of the stream
    that would make the gap's bars stale are held back. A bar is given again only when a value changed. Bars that come
    late have the origin `backfill`. A failure is shown in `trouble`, and tried again for ever.
    """

    name = "alpaca-live"
    origin: Origin = "live"

    def __init__(
        self,
        api: Api,
        calendar_api: Api,
        clock: Clock,
        symbols: Sequence[str],
        strategy: Strategy,
        *,
        connect: Connect | None = None,
        run_id: str | None = None,
        on_fault: OnFault = lambda _: None,
        on_notice: OnNotice = lambda _: None,
    ) -> None:
        run_id = run_id or f"live-{api.access.feed}-{ADJUSTMENT}-regular"
        super().__init__(api, symbols, run_id=run_id, on_fault=on_fault, on_notice=on_notice)
        self._apis.append(calendar_api)
        self._clock, self._connect = clock, connect
        self._strategy, self._needed = strategy, bars_needed(strategy)
        self._calendar = TradingCalendar()
        self._sync = CalendarSync(calendar_api, self._calendar, clock)
        self._dedup = Deduplicator()
        # With so many newer ones, neither a bar of a gap nor a correction as long before it is stale.
        self._lead_ms = min(strategy.late_bars, OVERLAP_MINUTES) // 2 * MINUTE_MS
        self._polling: Polling | None = None
        self._stream: Stream | None = None
        self._filled = 0
        self._failure: str | None = None
        self._not_before_ms = 0
        self._asleep = False
        self._stop = threading.Event()

    def __str__(self) -> str:
        symbols, requests = self.symbols, requests_a_minute(self.symbols)
        how = "by websocket and " if self._connect else ""
        return (
            f"{self.name}, feed {self._api.access.feed}, {how}by {requests} "
            f"request{'s' if requests > 1 else ''} a minute: {_listed(symbols)}"
        )

    @property
    def trouble(self) -> str | None:
        """What keeps bars from coming, or from coming at once."""
        if failure := self._failure or super().trouble:
            return failure
        if (stream := self._stream) and stream.trouble:
            return f"{stream.trouble} Meanwhile bars come by REST, once a minute."
        return self._sync.trouble if self._asleep else None

    def stop(self) -> None:
        """Ends its waiting, from another thread."""
        self._stop.set()
        super().stop()
        if stream := self._stream:
            stream.wake.set()

    def bars(self) -> Iterator[Bar | None]:
        """The bars; None while there are none. Raises SourceError when Alpaca knows none of the symbols."""
        try:
            while True:
                try:
                    yield from self._turn()
                except Interrupted:
                    pass
                except AlpacaError as error:
                    self._fail(error)
                yield None
        finally:
            self._disconnect()

    def _turn(self) -> Iterator[Bar | None]:
        yield from self._streamed()
        now = self._sync.now_ms()
        if now < self._not_before_ms:
            self._wait(self._not_before_ms - now)
        elif self._polling is None:
            yield from self._begin()
        elif self._polling.is_over(now):
            yield from self._sleep(self._polling)
        else:
            yield from self._attend(self._polling, now)

    def _begin(self) -> Iterator[Bar]:
        self._say("fetching the bars before the first one")
        self._sync.check()
        through = ended(self._sync.now_ms())
        past = warm_up(self.fetch, self._calendar, self.symbols, through, self._needed)
        yield from self._of_sessions(self._dedup.fetched(past, through))
        self._report_warm_up(Counter(bar.symbol for bar in past))
        known_until = {bar.symbol: bar.timestamp + MINUTE_MS for bar in past}
        self._polling = Polling(self, self._calendar, through, known_until)
        self._dedup.forget(self._polling.from_ms)
        self._succeed()

    def _attend(self, polling: Polling, now_ms: int) -> Iterator[Bar]:
        """The session goes on, or has just ended: late bars and corrections may still come."""
        if session := self._calendar.session_at(now_ms):
            self._listen()
            self._say(f"market open until {iso(session.close_ms)}")
        else:
            self._say("market closed, asking for late bars and corrections")
        stream = self._stream
        connections = stream.connections if stream else 0
        flows = stream is not None and stream.connected and not stream.trouble
        due = polling.due_ms(now_ms, _CHECKED_AFTER_MS if flows else SERVED_AFTER_MS)
        if now_ms < due and not self._has_gap():
            self._wait(due - now_ms)
            return
        self._dedup.drop_held(now_ms)
        for bars in polling.ask(now_ms):
            # First what came by stream meanwhile: it brought these minutes earlier.
            yield from self._streamed()
            yield from self._of_sessions(self._dedup.fetched(bars, now_ms))
        self._filled = connections
        self._dedup.forget(polling.from_ms)
        self._succeed()
        self._sync.check_again()

    def _sleep(self, polling: Polling) -> Iterator[None]:
        """Until the next session."""
        self._disconnect()
        self._sync.check()
        while not self._calendar.session_at(now := self._sync.now_ms()):
            self._asleep = True
            opens = self._calendar.next_open(now)
            self._say(f"market closed, sleeping until {iso(opens)}")
            self._wait(opens - now)
            yield None
            self._sync.check_again()
        self._asleep = False
        # The day may have become a holiday since then; if so, it is over at once.
        self._sync.check()
        if session := self._calendar.session_at(self._sync.now_ms()):
            polling.begin(session.open_ms)

    def _listen(self) -> None:
        if self._connect and not self._stream and not self._stop.is_set():
            self._stream = self._connect(self.symbols, self._open_for_s, self._skip)
            self._stream.start()

    def _disconnect(self) -> None:
        stream, self._stream = self._stream, None
        self._filled = 0
        self._dedup.drop_held()
        if stream:
            stream.stop()

    def _open_for_s(self) -> float:
        now = self._sync.now_ms()
        session = self._calendar.session_at(now)
        return (now - session.open_ms) / 1000 if session else 0.0

    def _has_gap(self) -> bool:
        """Whether REST has not yet filled the gap before the stream connected."""
        return self._stream is not None and self._stream.connections != self._filled

    def _streamed(self) -> Iterator[Bar]:
        """The bars that came by stream, except those too far ahead of a gap."""
        if self._stream and self._polling:
            now, until = self._sync.now_ms(), None
            if self._has_gap():
                until = max(self._polling.through_ms, self._calendar.opens_before(now + 1, 1)) + self._lead_ms
            yield from self._of_sessions(self._dedup.streamed(self._stream.take(), now, until))

    def _of_sessions(self, bars: Iterable[AlpacaBar]) -> Iterator[Bar]:
        """Those of regular sessions, as records."""
        for bar in bars:
            if self._calendar.session_at(bar.timestamp) is None:
                continue
            age = self._sync.now_ms() - (bar.timestamp + MINUTE_MS)
            origin: Origin = "live" if age <= LIVE_MS else "backfill"
            yield from self._records(bar, origin)

    def _report_warm_up(self, counts: Counter[str]) -> None:
        """Says how settled the indicators are."""
        symbols = self.symbols
        if counts:
            weight = seed_weight(min(counts.values()), self._strategy.rsi_period)
            warmed_up = f"{counts.total():,} bars of {len(counts):,} symbols"
            log.info("Warmed up with %s: rsi_seed_weight is at most %.2g", warmed_up, weight)
        if silent := [symbol for symbol in symbols if not counts[symbol]]:
            self._on_notice(
                f"No bars in the last {MOST_SESSIONS} sessions of {_listed(silent)}: check the spelling in SYMBOLS."
            )
        if few := [f"{symbol} ({counts[symbol]})" for symbol in symbols if 0 < counts[symbol] < self._needed]:
            self._on_notice(
                f"Fewer than {self._needed} bars in the last {MOST_SESSIONS} sessions of {_listed(few)}: "
                "rsi_seed_weight tells how settled their signals are."
            )

    def _fail(self, error: AlpacaError) -> None:
        if str(error) != self._failure:
            log.warning("%s", error)
        self._failure = str(error)
        self._not_before_ms = self._sync.now_ms() + (_REFUSED_MS if error.permanent else _RETRY_MS)

    def _succeed(self) -> None:
        if self._failure:
            log.info("Alpaca answers again")
        self._failure, self._not_before_ms = None, 0

    def _say(self, doing: str) -> None:
        if doing != self.doing:
            log.info("%s", doing[0].upper() + doing[1:])
        self.doing = doing

    def _wait(self, milliseconds: int) -> None:
        wake = self._stream.wake if self._stream else self._stop
        # Not for longer: the clock may be set, or the machine may sleep.
        if not self._stop.is_set():
            self._clock.wait(min(milliseconds / 1000, _LONGEST_WAIT_S), wake)


def _listed(names: Sequence[str], most: int = 10) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")
