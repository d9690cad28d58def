"""Bars of now, as long as the producer runs."""

import logging
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from app.domain.indicators.rsi import seed_weight
from app.domain.records import MINUTE_MS, Bar, Origin
from app.domain.strategy import Strategy
from app.sources.alpaca.api import ADJUSTMENT, Api
from app.sources.alpaca.bar import AlpacaBar, BadBar, to_bar
from app.sources.alpaca.errors import AlpacaError, Interrupted, Unavailable
from app.sources.alpaca.fetch import Fetch
from app.sources.alpaca.hours import Hours
from app.sources.alpaca.market import Market
from app.sources.alpaca.polling import OVERLAP_MINUTES, SERVED_AFTER_MS, Polling, ended, requests_a_minute
from app.sources.alpaca.sent import REST_BEHIND_MS, Sent
from app.sources.alpaca.streaming import Connect, Held, Streaming
from app.sources.alpaca.warmup import MOST_SESSIONS, bars_needed, warm_up
from app.sources.base import Fault, OnFault, OnNotice, SourceError
from app.sources.clock import Clock
from app.times import iso

log = logging.getLogger(__name__)

LIVE_MS = 2 * MINUTE_MS
"""A bar that comes later than this after its end is no news any more: its origin is `backfill`."""
# Late enough for the update that follows a bar after half a minute, and for REST to have it.
_CHECKED_AFTER_MS = 40_000
_STEP_S = 5.0
_RETRY_S, _REFUSED_S = 15.0, 60.0


class AlpacaLive:
    """The bars of the regular sessions, first as much of the past as settles the indicators, then each as it comes.

    REST is asked once a minute, for an overlapping span. With `connect`, bars come by websocket, and REST fills what
    that leaves out: after each connection at once, otherwise with the minute's request. As long as it cannot, the
    stream's bars are held back that would make those of the hole stale. A bar is given again only when a value changed.
    Bars that come late have the origin `backfill`. What fails is `trouble`, and tried again for ever.
    """

    name = "alpaca-live"
    origin: Origin = "live"
    total: int | None = None

    def __init__(
        self,
        api: Api,
        hours_api: Api,
        clock: Clock,
        symbols: Sequence[str],
        strategy: Strategy,
        *,
        connect: Connect | None = None,
        run_id: str | None = None,
        on_fault: OnFault = lambda _: None,
        on_notice: OnNotice = lambda _: None,
    ) -> None:
        if not symbols:
            raise SourceError("Alpaca needs at least one symbol, for example --symbols AAPL,GOOGL,SPY.")
        self.run_id = run_id or f"live-{api.access.feed}-{ADJUSTMENT}-regular"
        self.read = 0
        self.doing: str | None = None
        self._apis, self._clock = (api, hours_api), clock
        self._strategy, self._needed = strategy, bars_needed(strategy)
        self._connect, self._on_fault, self._on_notice = connect, on_fault, on_notice
        self._market = Market()
        self._hours = Hours(hours_api, self._market, clock)
        self._fetch = Fetch(api, list(dict.fromkeys(symbols)), on_fault, on_notice)
        self._sent, self._held = Sent(), Held()
        # With so many newer ones, a bar of a hole, and a correction as long before it, is not stale by far.
        self._lead_ms = min(strategy.late_bars, OVERLAP_MINUTES) // 2 * MINUTE_MS
        self._polling: Polling | None = None
        self._stream: Streaming | None = None
        self._filled = 0
        self._failure: str | None = None
        self._not_before_ms = 0
        self._asleep = False
        self._stop = threading.Event()

    def __str__(self) -> str:
        symbols = self._fetch.symbols
        requests = requests_a_minute(symbols)
        how = "by websocket and " if self._connect else ""
        return (
            f"{self.name}, feed {self._apis[0].access.feed}, {how}by {requests} "
            f"request{'s' if requests > 1 else ''} a minute: {_listed(symbols)}"
        )

    @property
    def trouble(self) -> str | None:
        """What keeps bars from coming, or from coming at once."""
        asking, stream = self._apis[0].trouble, self._stream
        if self._failure or asking:
            return self._failure or asking
        if stream and stream.trouble:
            return f"{stream.trouble} Meanwhile bars come by REST, once a minute."
        return self._hours.trouble if self._asleep else None

    @property
    def requests_last_minute(self) -> int:
        """How many requests it made in the last 60 seconds."""
        return sum(api.requests_last_minute for api in self._apis)

    def stop(self) -> None:
        """Ends its waiting, from another thread."""
        self._stop.set()
        for api in self._apis:
            api.close()
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
        yield from self._heard()
        now = self._hours.now_ms()
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
        self._hours.check()
        through = ended(self._hours.now_ms())
        history = warm_up(self._fetch, self._market, self._fetch.symbols, through, self._needed)
        yield from self._news(bar for bar in history.bars if self._sent.fetched(bar, through))
        self._report(history.counts)
        heard = {bar.symbol: bar.timestamp + MINUTE_MS for bar in history.bars}
        self._polling = Polling(self._fetch, self._market, through, heard)
        self._sent.forget(self._polling.from_ms)
        self._succeed()

    def _attend(self, polling: Polling, now_ms: int) -> Iterator[Bar]:
        """The session goes on, or has just ended: late bars and corrections may still come."""
        session = self._market.session_at(now_ms)
        if session:
            self._listen()
            self._say(f"market open until {iso(session.close_ms)}")
        else:
            self._say("market closed, asking for late bars and corrections")
        stream = self._stream
        connections = stream.connections if stream else 0
        flows = stream is not None and stream.connected and not stream.trouble
        due = polling.due_ms(now_ms, _CHECKED_AFTER_MS if flows else SERVED_AFTER_MS)
        if now_ms < due and not self._has_hole():
            self._wait(due - now_ms)
            return
        self._held.forget(now_ms - REST_BEHIND_MS)
        for bars in polling.ask(now_ms):
            # First what came by stream meanwhile: it brought these minutes earlier.
            yield from self._heard()
            yield from self._news(bar for bar in bars if self._sent.fetched(bar, now_ms))
        self._filled = connections
        self._sent.forget(polling.from_ms)
        self._succeed()
        self._hours.check_again()

    def _sleep(self, polling: Polling) -> Iterator[None]:
        """Until the next session."""
        self._disconnect()
        self._hours.check()
        now = self._hours.now_ms()
        while not self._market.session_at(now) and not self._stop.is_set():
            self._asleep = True
            opens = self._market.next_open(now)
            self._say(f"market closed, sleeping until {iso(opens)}")
            self._wait(opens - now)
            yield None
            self._hours.check_again()
            now = self._hours.now_ms()
        self._asleep = False
        # A day may have become a holiday since; then it is over at once.
        self._hours.check()
        if session := self._market.session_at(self._hours.now_ms()):
            polling.begin(session.open_ms)

    def _listen(self) -> None:
        if self._connect and not self._stream and not self._stop.is_set():
            self._filled = 0
            self._stream = self._connect(self._fetch.symbols, self._is_open, self._on_fault)
            self._stream.start()

    def _disconnect(self) -> None:
        stream, self._stream = self._stream, None
        self._filled, self._held = 0, Held()
        if stream:
            stream.stop()

    def _is_open(self) -> bool:
        return self._market.session_at(self._hours.now_ms()) is not None

    def _has_hole(self) -> bool:
        """Whether REST has yet to fill what the stream left out before it connected."""
        return self._stream is not None and self._stream.connections != self._filled

    def _heard(self) -> Iterator[Bar]:
        """What came by stream, but for what is too far ahead of a hole."""
        if self._stream and self._polling:
            now, until = self._hours.now_ms(), None
            if self._has_hole():
                until = max(self._polling.through_ms, self._market.opens_before(now + 1, 1)) + self._lead_ms
            told = self._held.sift(self._stream.take(), now, until)
            yield from self._news(bar for bar, at in told if self._sent.told(bar, at))

    def _news(self, bars: Iterable[AlpacaBar]) -> Iterator[Bar]:
        """Those of regular sessions, as records."""
        for bar in bars:
            if self._market.session_at(bar.timestamp) is None:
                continue
            self.read += 1
            age = self._hours.now_ms() - (bar.timestamp + MINUTE_MS)
            origin: Origin = "live" if age <= LIVE_MS else "backfill"
            try:
                yield to_bar(bar, origin=origin, source=self.name, feed=self._apis[0].access.feed, run_id=self.run_id)
            except BadBar as error:
                self._on_fault(Fault(self.read, str(error)))

    def _report(self, counts: Counter[str]) -> None:
        """Says how settled the indicators are."""
        symbols = self._fetch.symbols
        if counts:
            weight = max(seed_weight(bars, self._strategy.rsi_period) for bars in counts.values())
            log.info(
                "Warmed up with %s bars of %s symbols: rsi_seed_weight is at most %.2g",
                f"{counts.total():,}",
                f"{len(counts):,}",
                weight,
            )
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
        pause_s = _RETRY_S if isinstance(error, Unavailable) else _REFUSED_S
        self._not_before_ms = self._hours.now_ms() + round(pause_s * 1000)

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
            self._clock.wait(min(milliseconds / 1000, _STEP_S), wake)


def _listed(names: Sequence[str], most: int = 10) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")
