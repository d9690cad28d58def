"""A live source over an Alpaca without a network, and a stream that the test writes."""

import threading
from collections.abc import Callable, Sequence

from app.domain.records import Bar
from app.domain.strategy import Strategy
from app.sources.alpaca.bar import AlpacaBar
from app.sources.alpaca.live import AlpacaLive
from app.sources.alpaca.parse import OnBad
from app.sources.alpaca.stream import Stream
from app.sources.base import Fault
from tests.unit.sources.alpaca.conftest import HastyClock
from tests.unit.sources.alpaca.fake_api import FakeApi, ms, until

YESTERDAY = ms("2024-11-13T14:30:00Z"), ms("2024-11-13T21:00:00Z")
OPEN, CLOSE = ms("2024-11-14T14:30:00Z"), ms("2024-11-14T21:00:00Z")
NOON = ms("2024-11-14T17:00:00Z")


class Setting:
    """AAPL and SPY trade every minute of two days; the source begins at `now_ms`."""

    def __init__(
        self, now_ms: int, connect: "Scripted | None" = None, symbols: Sequence[str] = ("AAPL", "SPY")
    ) -> None:
        self.clock = HastyClock(now_ms)
        self.api, self.calendar_api = FakeApi(self.clock), FakeApi(self.clock)
        for day in (YESTERDAY, (OPEN, CLOSE)):
            self.api.trade(("AAPL", "SPY"), *day)
        self.notices: list[str] = []
        self.faults: list[Fault] = []
        self.source = AlpacaLive(
            self.api,
            self.calendar_api,
            self.clock,
            symbols,
            Strategy(),
            connect=connect,
            on_fault=self.faults.append,
            on_notice=self.notices.append,
        )
        self.bars = self.source.bars()

    def until(self, moment_ms: int) -> list[Bar]:
        return until(self.bars, self.clock, moment_ms)


class Scripted(Stream):
    """A stream whose bars the test puts there; it is also what makes it."""

    def __init__(self) -> None:
        self.wake = threading.Event()
        self.connections, self.connected, self.trouble = 0, False, None
        self.bars: list[AlpacaBar] = []
        self.made = self.started = self.stopped = 0
        self.symbols: Sequence[str] = ()

    def __call__(self, symbols: Sequence[str], _: Callable[[], float], __: OnBad) -> "Scripted":
        self.symbols = symbols
        self.made += 1
        return self

    def start(self) -> None:
        self.started += 1
        self.up()

    def stop(self) -> None:
        self.stopped += 1

    def up(self) -> None:
        self.connections, self.connected, self.trouble = self.connections + 1, True, None

    def take(self) -> list[AlpacaBar]:
        self.wake.clear()
        taken, self.bars = self.bars, []
        return taken


def times(bars: list[Bar], symbol: str = "AAPL") -> list[int]:
    return [each["timestamp"] for each in bars if each["symbol"] == symbol]
