import threading
from collections.abc import Iterator
from datetime import date

import pytest
from pydantic import SecretStr

from app.domain.records import MINUTE_MS
from app.sources.alpaca.access import Access
from tests.harness.doubles.alpaca import KEY_ID, SECRET_KEY, AlpacaDouble, ExchangeSession, TradedBars, real_sessions
from tests.harness.doubles.virtual_clock import VirtualClock


@pytest.fixture(scope="session")
def sessions() -> list[ExchangeSession]:
    """Two ordinary days and one that is only in the calendar."""
    return real_sessions(date(2024, 11, 13), date(2024, 11, 15))


@pytest.fixture(scope="session")
def tape(sessions: list[ExchangeSession]) -> TradedBars:
    return TradedBars(("AAPL", "GOOGL", "SPY"), sessions[:2], corrections=5, late=5)


@pytest.fixture
def clock(sessions: list[ExchangeSession]) -> Iterator[VirtualClock]:
    """An hour after the second day's close."""
    clock = VirtualClock(sessions[1].close_ms + 60 * MINUTE_MS)
    with clock.attending():
        yield clock


@pytest.fixture
def alpaca(tape: TradedBars, sessions: list[ExchangeSession], clock: VirtualClock) -> Iterator[AlpacaDouble]:
    with AlpacaDouble(tape, sessions, clock).running() as double:
        yield double


@pytest.fixture
def access(alpaca: AlpacaDouble) -> Access:
    return access_to(alpaca.rest.url)


def access_to(url: str) -> Access:
    return Access(SecretStr(KEY_ID), SecretStr(SECRET_KEY), base_url=url, data_url=url)


class HastyClock:
    """A clock of one thread: time passes by waiting only, and that takes none."""

    def __init__(self, now_ms: int) -> None:
        self.ms = now_ms

    def now_ms(self) -> int:
        return self.ms

    def wait(self, seconds: float, wake: threading.Event) -> bool:
        self.ms += round(seconds * 1000)
        return wake.is_set()
