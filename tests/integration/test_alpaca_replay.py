"""`stocks replay --source alpaca`, from a double of Alpaca to a real Kafka."""

import subprocess
from collections.abc import Iterator
from datetime import date

import pytest

from app.settings import Settings
from tests.harness.doubles.alpaca import KEY_ID, SECRET_KEY, AlpacaDouble, RealClock, TradedBars, real_sessions
from tests.harness.doubles.alpaca.server_faults import Reset, Status
from tests.integration.fixtures_stack import LocalStack
from tests.integration.producing import STOCKS, arrived, environment
from tests.integration.stack_settings import settings_for

SESSIONS = real_sessions(date(2024, 11, 14), date(2024, 11, 14))
TAPE = TradedBars(("AAPL", "SPY"), SESSIONS, corrections=3, late=3)


@pytest.fixture(scope="module")
def alpaca() -> Iterator[AlpacaDouble]:
    with AlpacaDouble(TAPE, SESSIONS, RealClock()).running() as double:
        yield double


@pytest.fixture
def settings(stack: LocalStack) -> Settings:
    return settings_for(stack.status, partitions=2)


def run(settings: Settings, alpaca: AlpacaDouble, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(STOCKS), *arguments],
        env=environment(settings, **(alpaca.environment | env)),
        capture_output=True,
        text=True,
        check=False,
    )
    for secret in (KEY_ID, SECRET_KEY):
        assert secret not in done.stdout + done.stderr
    return done


def test_a_day_arrives_whole_and_once(settings: Settings, alpaca: AlpacaDouble) -> None:
    alpaca.rest.faults.plan(Reset())
    alpaca.rest.faults.plan(Status(503, f"{KEY_ID} {SECRET_KEY}"))
    arguments = ("replay", "--source", "alpaca", "--date", "2024-11-14", "--symbols", "SPY,NOPE,AAPL")
    done = run(settings, alpaca, *arguments)
    assert done.returncode == 0, done.stderr
    assert "Source: alpaca-history: SPY, NOPE, AAPL, 2024-11-14, regular hours, feed iex." in done.stdout
    assert "Alpaca does not know NOPE" in done.stderr
    [session] = SESSIONS
    wanted = [bar for bar in TAPE.final("iex") if session.open_ms <= bar.timestamp < session.close_ms]
    found = [record.bar for record in arrived(settings)]
    assert sorted((bar["symbol"], bar["timestamp"], bar["close"]) for bar in found) == [
        (bar.symbol, bar.timestamp, bar.close) for bar in wanted
    ]
    assert {(bar["origin"], bar["feed"]) for bar in found} == {("replay", "iex")}


def test_wrong_keys_are_a_sentence(settings: Settings, alpaca: AlpacaDouble) -> None:
    arguments = ("replay", "--source", "alpaca", "--date", "2024-11-14")
    done = run(settings, alpaca, *arguments, APCA_API_SECRET_KEY="wrong")  # noqa: S106
    assert done.returncode == 1
    assert "Alpaca refused the keys (HTTP 403" in done.stderr
    assert "Traceback" not in done.stderr
