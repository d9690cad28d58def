"""Runs the live source through virtual days, as the producer would, and keeps what it gives."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from numpy.lib.recfunctions import repack_fields
from pydantic import SecretStr

from app.calendar.sessions import session_gap
from app.domain.key import table_key
from app.domain.outcome import Outcome
from app.domain.records import Bar, Origin, Signal
from app.domain.row import VALUES
from app.domain.strategy import Strategy
from app.sources.alpaca.access import Access
from app.sources.alpaca.history import AlpacaHistory
from app.sources.alpaca.live import AlpacaLive
from app.sources.alpaca.parse import OnBad
from app.sources.alpaca.rest import Api
from app.sources.alpaca.stream import Stream
from app.sources.base import Fault
from tests.harness.doubles.alpaca import KEY_ID, SECRET_KEY, AlpacaDouble, ExchangeSession, TradedBars, real_sessions
from tests.harness.doubles.alpaca.request_log import LoggedRequest
from tests.harness.doubles.virtual_clock import VirtualClock
from tests.integration.waiting import eventually
from tests.unit.domain.pipeline import Pipeline

STRATEGY = Strategy()
Key = tuple[str, int]


class TradingDays:
    """A double, a clock and a live source with the real client, by polling or (`streaming`) by websocket."""

    def __init__(
        self,
        traded: Sequence[ExchangeSession],
        start_ms: int,
        *,
        streaming: bool,
        symbols: Sequence[str],
        unquiet: int = 1,
        corrections: int = 20,
        late: int = 20,
        extended: bool = True,
    ) -> None:
        self.streaming, self.symbols = streaming, tuple(symbols)
        self.clock = VirtualClock(start_ms)
        self.tape = TradedBars(
            symbols,
            traded,
            seed=start_ms,
            corrections=corrections,
            late=late,
            unquiet=unquiet,
            extended=extended,
            feeds=("iex",),
        )
        around = real_sessions(traded[0].day - timedelta(days=30), traded[-1].day + timedelta(days=15))
        self.double = AlpacaDouble(self.tape, around, self.clock, fragment=100)
        self.traded = list(traded)
        self.bars: list[Bar] = []
        self.faults: list[Fault] = []
        self.notices: list[str] = []
        self.said: list[tuple[int, str]] = []
        self.source: AlpacaLive | None = None
        self._stream: Stream | None = None
        self._unheard_from = (0, 0)
        self.clock.hold_while(self._on_its_way)

    @contextmanager
    def running(self) -> Iterator["TradingDays"]:
        """With the double, in the thread whose work takes no time."""
        with self.clock.attending(), self.double.running():
            yield self

    @property
    def stream(self) -> Stream:
        """The live source's; of the latest session."""
        assert self._stream
        return self._stream

    @property
    def requests(self) -> list[LoggedRequest]:
        return self.double.rest.requests

    @property
    def trouble(self) -> str | None:
        """What the source says."""
        return self.source.trouble if self.source else None

    def live(self, until_ms: int, *more_symbols: str) -> None:
        """Runs a source to that moment, and stops it."""
        self.source = source = AlpacaLive(
            self._api(),
            self._api(),
            self.clock,
            [*self.symbols, *more_symbols],
            STRATEGY,
            connect=self._connect if self.streaming else None,
            on_fault=self.faults.append,
            on_notice=self.notices.append,
        )
        stopped = False
        for bar in source.bars():
            if bar:
                self.bars.append(bar)
            elif stopped:
                break
            if source.doing and (not self.said or self.said[-1][1] != source.doing):
                self.said.append((self.clock.now_ms(), source.doing))
            if self.clock.now_ms() >= until_ms and not stopped:
                assert source.trouble is None
                source.stop()
                stopped = True

    def replayed(self) -> list[Bar]:
        """The same days by the historical source, afterwards."""
        first, last = self.traded[0].day, self.traded[-1].day
        source = AlpacaHistory(self._api(), self.clock, self.symbols, first, last, on_fault=self.faults.append)
        return [bar for bar in source.bars() if bar]

    def final(self) -> dict[Key, Bar]:
        """What the source gave last of each minute; a repeat of the same values is no news."""
        final: dict[Key, Bar] = {}
        for bar in self.bars:
            if values(final.get(key(bar))) != values(bar):
                final[key(bar)] = bar
        return final

    def lose_the_connection(self) -> None:
        """Drops it, and lets no time pass until the client knows."""
        self._end(self.double.stream.drop)

    def close_the_connection(self) -> None:
        """In order, as a server that is restarted does."""
        self._end(self.double.stream.close)

    def _end(self, end: Callable[[], None]) -> None:
        end()
        eventually(lambda: not self.stream.connected, 10)
        eventually(lambda: not self.double.stream.listening, 10)

    def _on_its_way(self) -> bool:
        """Whether the double sent something that the client has not got."""
        stream, told = self._stream, len(self.double.stream.told)
        if stream is None or not stream.connected:
            return False
        connection, lost = self._unheard_from
        if connection != stream.connections:
            lost = told - stream.received
            self._unheard_from = (stream.connections, lost)
        return told - lost > stream.received

    def _connect(self, symbols: Sequence[str], open_for_s: Callable[[], float], on_bad: OnBad) -> Stream:
        self._unheard_from = (0, 0)
        self._stream = Stream(
            self._access(),
            self.clock,
            symbols,
            open_for_s,
            on_bad,
            randomness=random.Random(4),
            spawn=self.clock.thread,
        )
        return self._stream

    def _api(self) -> Api:
        return Api(self._access(), self.clock, tries=3 if self.streaming else 8)

    def _access(self) -> Access:
        rest, stream = self.double.rest.url, self.double.stream.url
        return Access(SecretStr(KEY_ID), SecretStr(SECRET_KEY), base_url=rest, data_url=rest, stream_url=stream)


class ExpectedDay:
    """What windows and signals come to when these bars arrive in this order."""

    def __init__(self, bars: Sequence[Bar]) -> None:
        self.outcomes: Counter[tuple[Outcome, Origin]] = Counter()
        self.signals: dict[Key, Signal] = {}
        #: The values of each window's bars: not by which source, and how often they changed.
        self.windows: dict[str, list[bytes]] = {}
        gap = session_gap()
        for symbol in sorted({bar["symbol"] for bar in bars}):
            pipeline = Pipeline(STRATEGY, gap=gap)
            of_symbol = [bar for bar in bars if bar["symbol"] == symbol]
            for signal in pipeline.feed(of_symbol):
                self.signals[symbol, signal["timestamp"]] = signal
            for bar, outcome in zip(of_symbol, pipeline.outcomes, strict=True):
                self.outcomes[outcome, bar["origin"]] += 1
            window = pipeline.window(table_key(of_symbol[0]["run_id"], symbol))
            self.windows[symbol] = [row.tobytes() for row in repack_fields(window.rows[["minute", *VALUES]])]

    def count(self, outcome: Outcome, *origins: Origin) -> int:
        return sum(times for (each, origin), times in self.outcomes.items() if each == outcome and origin in origins)


def key(bar: Bar) -> Key:
    return bar["symbol"], bar["timestamp"]


def values(bar: Bar | None) -> tuple[float, ...] | None:
    return bar and (bar["open"], bar["high"], bar["low"], bar["close"], bar["volume"])
