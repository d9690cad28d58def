"""Alpaca without a network, and a live source that runs on it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from operator import itemgetter
from typing import NamedTuple

from pydantic import SecretStr

from app.calendar.session import Session
from app.domain.records import MINUTE_MS, Bar
from app.sources.alpaca.access import Access
from app.sources.alpaca.alpaca_source import AlpacaSource
from app.sources.alpaca.bar import AlpacaBar
from app.sources.alpaca.errors import AlpacaError
from app.sources.alpaca.parse import MarketClock, OnBad
from app.sources.alpaca.rest import Api
from app.sources.base import OnFault, OnNotice
from app.sources.clock import Clock
from app.sources.trading_sessions import sessions_between
from tests.harness.doubles.alpaca.times import parse_ns

SERVED_MS = 2_000


def ms(text: str) -> int:
    return parse_ns(text) // 10**6


def bar(symbol: str, timestamp: int, close: float = 10.0) -> AlpacaBar:
    return AlpacaBar(symbol, timestamp, close, close, close, close, 100.0, 7, close)


def minutes(start_ms: int, end_ms: int) -> Iterable[int]:
    return range(start_ms, end_ms, MINUTE_MS)


class Asked(NamedTuple):
    at_ms: int
    symbols: tuple[str, ...]
    start_ms: int
    end_ms: int


class FakeApi(Api):
    """Has each bar from its moment on; of one minute, the last. `error` is raised instead while there is one."""

    def __init__(self, clock: Clock, days: Sequence[Session] = ()) -> None:
        super().__init__(Access(SecretStr("a-key"), SecretStr("a-secret")), clock)
        self.days = list(days) or sessions_between(date(2024, 10, 21), date(2024, 12, 20))
        self.asked: list[Asked] = []
        self.error: Callable[[], AlpacaError | None] = lambda: None
        self.ahead_ms = 0
        self.stands_at_ms: int | None = None
        self.is_open: bool | None = None
        self.closes_ms = 0
        self._added: list[tuple[int, AlpacaBar]] = []

    def add(self, each: AlpacaBar, at_ms: int | None = None) -> None:
        """From that moment on, otherwise from two seconds after its minute on."""
        self._added.append((each.timestamp + MINUTE_MS + SERVED_MS if at_ms is None else at_ms, each))

    def trade(self, symbols: Iterable[str], start_ms: int, end_ms: int) -> None:
        """A bar each minute."""
        for symbol in symbols:
            for timestamp in minutes(start_ms, end_ms):
                self.add(bar(symbol, timestamp, 10 + timestamp // MINUTE_MS % 7))

    def pages(
        self,
        symbols: Sequence[str],
        start_ms: int,
        end_ms: int,
        on_bad: OnBad = lambda _: None,
    ) -> Iterator[list[AlpacaBar]]:
        now = self._clock.now_ms() + self.ahead_ms
        self.asked.append(Asked(now, tuple(symbols), start_ms, end_ms))
        self._fail()
        there = {
            (each.symbol, each.timestamp): each
            for moment_ms, each in sorted(self._added, key=itemgetter(0))
            if moment_ms <= now and each.symbol in symbols and start_ms <= each.timestamp < end_ms
        }
        yield [there[key] for key in sorted(there)]

    def sessions(self, first: date, last: date) -> list[Session]:
        self._fail()
        return [session for session in self.days if first <= session.day <= last]

    def market_clock(self) -> MarketClock:
        self._fail()
        now = self._clock.now_ms() + self.ahead_ms
        goes_on = any(session.open_ms <= now < session.close_ms for session in self.days)
        now = now if self.stands_at_ms is None else self.stands_at_ms
        return MarketClock(now, goes_on if self.is_open is None else self.is_open, 0, self.closes_ms)

    def _fail(self) -> None:
        if error := self.error():
            raise error


def source(
    api: Api,
    symbols: Sequence[str],
    on_fault: OnFault = lambda _: None,
    on_notice: OnNotice = lambda _: None,
) -> AlpacaSource:
    return AlpacaSource(api, symbols, run_id="a-run", on_fault=on_fault, on_notice=on_notice)


def until(bars: Iterator[Bar | None], clock: Clock, moment_ms: int) -> list[Bar]:
    """What the source gives until then."""
    given = []
    for each in bars:
        if each:
            given.append(each)
        elif clock.now_ms() >= moment_ms:
            break
    return given
