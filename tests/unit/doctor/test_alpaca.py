import threading
from collections.abc import Iterator
from datetime import date

import pytest

from app.doctor.alpaca import check_alpaca
from app.doctor.finding import Finding
from app.domain.records import MINUTE_MS
from app.settings import Settings
from tests.harness.doubles.alpaca import SECRET_KEY, AlpacaDouble, ExchangeSession, TradedBars, real_sessions
from tests.harness.doubles.alpaca.server_faults import Status, any_request
from tests.harness.doubles.virtual_clock import VirtualClock


@pytest.fixture
def sessions() -> list[ExchangeSession]:
    return real_sessions(date(2024, 11, 14), date(2024, 11, 15))


@pytest.fixture
def clock(sessions: list[ExchangeSession]) -> Iterator[VirtualClock]:
    """An hour after the open."""
    clock = VirtualClock(sessions[0].open_ms + 60 * MINUTE_MS)
    with clock.attending():
        yield clock


@pytest.fixture
def alpaca(sessions: list[ExchangeSession], clock: VirtualClock) -> Iterator[AlpacaDouble]:
    with AlpacaDouble(TradedBars(["SPY"], sessions[:1]), sessions, clock).running() as double:
        yield double


def found(alpaca: AlpacaDouble, clock: VirtualClock, **changes: str) -> list[Finding]:
    environment = {name.lower(): value for name, value in alpaca.environment.items()} | changes
    return list(check_alpaca(Settings(_env_file=None, **environment), clock))  # type: ignore[arg-type, call-arg]


def test_without_keys_one_calm_line() -> None:
    [finding] = check_alpaca(Settings(_env_file=None))  # type: ignore[call-arg]
    assert finding == Finding("ok", "alpaca", "no keys are set, so bars come from files or are made up")


def test_while_the_market_is_open(alpaca: AlpacaDouble, clock: VirtualClock) -> None:
    assert found(alpaca, clock) == [
        Finding("ok", "alpaca", "takes the keys"),
        Finding("ok", "market", "open until 2024-11-14T21:00:00Z"),
        Finding("ok", "feed", "iex may be read up to now"),
    ]
    assert len(alpaca.rest.requests) == 2


def test_while_it_is_closed(alpaca: AlpacaDouble, clock: VirtualClock, sessions: list[ExchangeSession]) -> None:
    clock.wait((sessions[0].close_ms - clock.now_ms()) / 1000, threading.Event())
    assert found(alpaca, clock)[1] == Finding("ok", "market", "closed until 2024-11-15T14:30:00Z")


def test_wrong_keys(alpaca: AlpacaDouble, clock: VirtualClock) -> None:
    [finding] = found(alpaca, clock, apca_api_secret_key="wrong")  # noqa: S106
    assert (finding.level, finding.check) == ("broken", "alpaca")
    assert "refused the keys" in finding.message
    assert finding.fix.startswith("check APCA_API_KEY_ID and APCA_API_SECRET_KEY")


def test_a_feed_that_the_plan_does_not_have(alpaca: AlpacaDouble, clock: VirtualClock) -> None:
    *_, finding = found(alpaca, clock, feed="sip")
    assert finding.level == "broken"
    assert "does not allow this of feed sip" in finding.message


def test_alpaca_has_trouble(alpaca: AlpacaDouble, clock: VirtualClock) -> None:
    alpaca.rest.faults.plan(Status(503, SECRET_KEY), any_request, times=2)
    [finding] = found(alpaca, clock)
    assert finding.level == "broken"
    assert "HTTP 503" in finding.message
    assert SECRET_KEY not in f"{finding}"


def test_a_clock_that_is_wrong(alpaca: AlpacaDouble, clock: VirtualClock) -> None:
    class Ahead(VirtualClock):
        def now_ms(self) -> int:
            return clock.now_ms() + 42_000

    findings = found(alpaca, Ahead(0))
    assert findings[1].level == "warning"
    assert findings[1].message == "its clock and this machine's are 42 s apart"
