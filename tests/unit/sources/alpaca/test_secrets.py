"""The keys never show: in no message, log, repr or health answer, whatever goes wrong."""

import logging
import traceback
from collections.abc import Iterator

import pytest

from app.producer.health import health
from app.producer.pace import AsFastAsPossible
from app.producer.runner import Runner
from app.settings import Settings, SettingsError, load_settings
from app.sources.alpaca.access import Access
from app.sources.alpaca.errors import AlpacaError
from app.sources.alpaca.history import AlpacaHistory
from app.sources.alpaca.rest import Api
from app.sources.fault_counter import FaultCounter
from tests.harness.doubles.alpaca import KEY_ID, SECRET_KEY, AlpacaDouble, ExchangeSession
from tests.harness.doubles.alpaca.server_faults import CutOff, Fault, Reset, Status, Truncated, any_request
from tests.harness.doubles.virtual_clock import VirtualClock
from tests.unit.producer.doubles import FakeBarProducer
from tests.unit.sources.alpaca.conftest import HastyClock

ECHO = f"keys {KEY_ID} and {SECRET_KEY} are not welcome"


def clean(text: str) -> bool:
    return KEY_ID not in text and SECRET_KEY not in text


@pytest.fixture(autouse=True)
def all_logs(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Of all libraries, in all detail."""
    with caplog.at_level(logging.DEBUG):
        yield
    assert clean(caplog.text)


@pytest.mark.parametrize(
    "fault",
    [Status(400, ECHO), Status(401, ECHO), Status(403, ECHO), Status(503, ECHO), Reset(), CutOff(), Truncated()],
    ids=lambda fault: f"{type(fault).__name__}{getattr(fault, 'status', '')}",
)
def test_in_what_the_source_and_its_producer_say(
    access: Access, alpaca: AlpacaDouble, sessions: list[ExchangeSession], fault: Fault
) -> None:
    alpaca.rest.faults.plan(fault, any_request, times=20)
    clock = HastyClock(sessions[1].close_ms)
    api = Api(access, clock)
    source = AlpacaHistory(api, clock, ["AAPL"], sessions[1].day, sessions[1].day)
    runner = Runner(source, FakeBarProducer, pace=AsFastAsPossible(), clock=lambda: 0.0, patient=False)
    runner.start()
    assert runner.wait(30)
    assert runner.status == "failed"
    assert clean(health(runner, FaultCounter(print), None).model_dump_json())
    assert clean(f"{runner.last_error} {source} {access!r} {vars(api)} {vars(source)}")


def test_in_a_traceback(access: Access, alpaca: AlpacaDouble, clock: VirtualClock) -> None:
    alpaca.rest.faults.plan(Status(400, ECHO), any_request)
    with pytest.raises(AlpacaError) as caught:
        Api(access, clock).market_clock()
    assert clean("".join(traceback.format_exception(caught.value)))


@pytest.mark.parametrize("name", ["APCA_API_KEY_ID", "APCA_API_SECRET_KEY"])
@pytest.mark.parametrize("value", [f"{SECRET_KEY} {KEY_ID}", f"{SECRET_KEY}é", f"{SECRET_KEY}"])
def test_in_settings_that_are_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    for field in Settings.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name) as caught:
        load_settings()
    assert clean("".join(traceback.format_exception(caught.value)))


def test_in_settings_that_are_good() -> None:
    good = Settings(_env_file=None, apca_api_key_id=KEY_ID, apca_api_secret_key=SECRET_KEY)  # type: ignore[arg-type, call-arg]
    assert clean(f"{good!r} {good} {good.model_dump()} {good.model_dump_json()}")
