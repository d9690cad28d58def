"""The REST interface against the double, by way of the real client."""

import threading
from datetime import date
from typing import Any

import pytest
import requests
from alpaca_trade_api import REST
from pydantic import SecretStr

from app.domain.records import MINUTE_MS
from app.sources.alpaca.access import Access
from app.sources.alpaca.bar import AlpacaBar
from app.sources.alpaca.errors import AlpacaError, Interrupted, Unavailable, UnknownSymbols
from app.sources.alpaca.rest import Api, groups
from app.sources.clock import Clock
from tests.harness.doubles.alpaca import KEY_ID, AlpacaDouble, ExchangeSession
from tests.harness.doubles.alpaca.answers import Answers
from tests.harness.doubles.alpaca.request_log import LoggedRequest, most_in_a_minute
from tests.harness.doubles.alpaca.server_faults import (
    CutOff,
    Fault,
    Reset,
    Slow,
    Status,
    Truncated,
    any_request,
    further_page,
)
from tests.harness.doubles.virtual_clock import VirtualClock
from tests.unit.sources.alpaca.conftest import access_to

SYMBOLS = ("AAPL", "GOOGL", "SPY")


@pytest.fixture
def api(access: Access, clock: VirtualClock) -> Api:
    return Api(access, clock)


def day(alpaca: AlpacaDouble, session: ExchangeSession, symbols: tuple[str, ...] = SYMBOLS) -> list[AlpacaBar]:
    return [
        AlpacaBar(*bar)
        for bar in alpaca.tape.final("iex", symbols)
        if session.open_ms <= bar.timestamp < session.close_ms
    ]


def asked(api: Api, session: ExchangeSession, symbols: tuple[str, ...] = SYMBOLS) -> list[AlpacaBar]:
    return [bar for page in api.pages(symbols, session.open_ms, session.close_ms) for bar in page]


def test_all_pages_of_a_day(
    access: Access, alpaca: AlpacaDouble, clock: VirtualClock, sessions: list[ExchangeSession]
) -> None:
    api = Api(access, clock, page_size=500)
    pages = list(api.pages(SYMBOLS, sessions[1].open_ms, sessions[1].close_ms))
    assert [bar for page in pages for bar in page] == day(alpaca, sessions[1])
    assert len(pages) == len(alpaca.rest.requests) == api.requests_last_minute == 3
    for request in alpaca.rest.requests:
        assert (request.query["feed"], request.query["adjustment"], request.query["limit"]) == ("iex", "raw", "500")


def test_the_start_is_included_and_the_end_is_not(
    api: Api, alpaca: AlpacaDouble, sessions: list[ExchangeSession]
) -> None:
    minutes = [bar.timestamp for bar in day(alpaca, sessions[0], ("SPY",))][5:9]
    found = [bar.timestamp for page in api.pages(["SPY"], minutes[0], minutes[-1]) for bar in page]
    assert found == minutes[:-1]
    assert list(api.pages(["SPY"], minutes[0], minutes[0])) == []
    assert len(alpaca.rest.requests) == 1


@pytest.mark.parametrize(
    "fault",
    [
        Status(429, "too many requests."),
        Status(429, html=True, retry_after="20"),
        Status(500, html=True),
        Status(503),
        Reset(),
        CutOff(),
        Truncated(),
    ],
    ids=lambda fault: f"{type(fault).__name__}{getattr(fault, 'status', '')}",
)
def test_a_page_that_fails_is_asked_for_again_and_nothing_is_lost_or_repeated(
    access: Access, alpaca: AlpacaDouble, clock: VirtualClock, sessions: list[ExchangeSession], fault: Fault
) -> None:
    api = Api(access, clock, page_size=400)
    alpaca.rest.faults.plan(fault, further_page, times=2)
    alpaca.rest.faults.plan(fault, any_request)
    pages = api.pages(SYMBOLS, sessions[1].open_ms, sessions[1].close_ms)
    found = [*next(pages)]
    assert api.trouble is None
    assert found + [bar for page in pages for bar in page] == day(alpaca, sessions[1])
    assert alpaca.rest.faults.left == 0
    assert api.trouble is None
    assert len(alpaca.rest.requests) == 3 + 3


def test_an_answer_that_does_not_come_is_given_up(
    access: Access, alpaca: AlpacaDouble, clock: VirtualClock, sessions: list[ExchangeSession]
) -> None:
    alpaca.rest.faults.plan(Slow(60.0))
    assert asked(Api(access, clock, timeout_s=0.5), sessions[1]) == day(alpaca, sessions[1])
    assert len(alpaca.rest.requests) == 2


def test_it_says_so_while_an_answer_does_not_come(
    access: Access, clock: VirtualClock, sessions: list[ExchangeSession]
) -> None:
    api = Api(access, clock)
    said: list[str | None] = []

    class Watching(requests.adapters.HTTPAdapter):
        def send(self, *args: Any, **kwargs: Any) -> requests.Response:
            for _ in range(2):
                said.append(api.trouble)
                clock.wait(5, threading.Event())
            said.append(api.trouble)
            return super().send(*args, **kwargs)

    api._clients[access.data_url]._session.mount("http://", Watching())
    list(api.pages(["SPY"], sessions[0].open_ms, sessions[0].open_ms + MINUTE_MS))
    assert said == [None, *[f"Alpaca at {access.data_url} takes long to answer."] * 2]
    assert api.trouble is None


def test_it_says_so_while_the_rate_limit_keeps_a_request(
    access: Access, clock: VirtualClock, sessions: list[ExchangeSession]
) -> None:
    api = Api(access, clock, requests_per_minute=10)
    said: list[str | None] = []
    clock.at(clock.now_ms() + 30_000, lambda: said.append(api.trouble))
    for _ in range(10):
        list(api.pages(["SPY"], sessions[0].open_ms, sessions[0].open_ms + MINUTE_MS))
    assert said == ["Alpaca's rate limit is used up: the next request waits."]


def test_what_does_not_pass_ends_after_all_tries(api: Api, alpaca: AlpacaDouble, clock: VirtualClock) -> None:
    began = clock.now_ms()
    alpaca.rest.faults.plan(Status(503), any_request, times=20)
    with pytest.raises(Unavailable, match="HTTP 503") as caught:
        api.market_clock()
    assert (len(alpaca.rest.requests), api.trouble) == (8, str(caught.value))
    assert 25_000 <= clock.now_ms() - began <= 65_000


def test_nobody_at_the_address(clock: VirtualClock) -> None:
    api = Api(access_to("http://127.0.0.1:1"), clock, tries=2)
    with pytest.raises(Unavailable, match=r"cannot be reached at http://127.0.0.1:1: the connection is refused"):
        api.market_clock()
    assert api.requests_last_minute == 2


def test_the_rate_limit_is_never_exceeded(
    access: Access, alpaca: AlpacaDouble, clock: VirtualClock, sessions: list[ExchangeSession]
) -> None:
    api = Api(access, clock, requests_per_minute=20, page_size=20)
    assert asked(api, sessions[1]) == day(alpaca, sessions[1])
    assert len(alpaca.rest.requests) > 50
    assert most_in_a_minute(alpaca.rest.requests) == 18


def test_when_others_use_the_limit_up_it_waits_for_the_next_minute(
    api: Api, alpaca: AlpacaDouble, clock: VirtualClock, sessions: list[ExchangeSession]
) -> None:
    alpaca.rest.limits["data"].exhaust(clock.now_ms())
    assert asked(api, sessions[1]) == day(alpaca, sessions[1])
    assert [request.status for request in alpaca.rest.requests] == [429, 200]
    assert alpaca.rest.requests[1].moment_ms % MINUTE_MS == 0


def test_wrong_keys(access: Access, clock: VirtualClock, sessions: list[ExchangeSession]) -> None:
    wrong = Access(access.key_id, SecretStr("wrong"), base_url=access.base_url, data_url=access.data_url)
    api = Api(wrong, clock)
    with pytest.raises(AlpacaError, match="HTTP 403"):
        asked(api, sessions[1])
    with pytest.raises(AlpacaError, match="HTTP 401"):
        api.market_clock()
    assert api.requests_last_minute == 2


def test_a_feed_that_the_plan_does_not_have(access: Access, clock: VirtualClock) -> None:
    api = Api(Access(access.key_id, access.secret, feed="sip", data_url=access.data_url), clock)
    now = clock.now_ms()
    with pytest.raises(AlpacaError, match="FEED=iex"):
        list(api.pages(["SPY"], now - MINUTE_MS, now))
    assert sum(len(page) for page in api.pages(["SPY"], now - 180 * MINUTE_MS, now - 60 * MINUTE_MS)) > 50


def test_an_unknown_symbol(api: Api, sessions: list[ExchangeSession]) -> None:
    with pytest.raises(UnknownSymbols) as caught:
        asked(api, sessions[1], ("AAPL", "NOPE", "SPY"))
    assert caught.value.symbols == ("NOPE",)


def test_calendar_and_clock(
    api: Api, alpaca: AlpacaDouble, sessions: list[ExchangeSession], clock: VirtualClock
) -> None:
    found = api.sessions(date(2024, 11, 9), date(2024, 11, 14))
    assert [(session.open_ms, session.close_ms) for session in found] == sessions[:2]
    market = api.market_clock()
    assert (market.now_ms, market.is_open, market.next_open_ms) == (clock.now_ms(), False, sessions[2].open_ms)


def test_closing_ends_a_wait_and_all_that_follows(access: Access, alpaca: AlpacaDouble) -> None:
    alpaca.rest.faults.plan(Status(503), any_request, times=20)
    waiting = threading.Event()

    class Stopped(Clock):
        def now_ms(self) -> int:
            return 0

        def wait(self, seconds: float, wake: threading.Event) -> bool:
            waiting.set()
            return wake.wait(60)

    api = Api(access, Stopped())
    caught: list[AlpacaError] = []

    def ask() -> None:
        try:
            api.market_clock()
        except AlpacaError as error:
            caught.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    assert waiting.wait(30)
    api.close()
    thread.join(30)
    assert [type(error) for error in caught] == [Interrupted]
    with pytest.raises(Interrupted):
        api.market_clock()
    assert len(alpaca.rest.requests) == 1


def test_pages_that_go_round_in_circles_end(api: Api, alpaca: AlpacaDouble, sessions: list[ExchangeSession]) -> None:
    class Circling(Answers):
        def answer(self, request: LoggedRequest) -> Any:
            return {"bars": {}, "next_page_token": "again"}

    alpaca.rest.answers = Circling(alpaca.tape, alpaca.exchange)
    with pytest.raises(AlpacaError, match="round in circles"):
        asked(api, sessions[1])


def test_a_thousand_symbols_take_two_requests() -> None:
    symbols = [f"A{number:04}" for number in range(1000)]
    found = groups(symbols)
    assert [symbol for group in found for symbol in group] == symbols
    assert len(found) == 2
    assert max(len("%2C".join(group)) for group in found) <= 6000
    assert groups(["AAPL", "SPY"]) == [("AAPL", "SPY")]
    assert groups([]) == []


def test_the_clients_own_retries_and_environment_are_out_of_the_way(
    api: Api, alpaca: AlpacaDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its fixed sleep would hold up a stop, its environment lead elsewhere."""
    monkeypatch.setenv("APCA_API_DATA_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("APCA_RETRY_WAIT", "1000")
    alpaca.rest.faults.plan(Status(429), any_request, times=3)
    api.market_clock()
    assert len(alpaca.rest.requests) == 4


def test_the_only_private_name_of_the_client_that_is_used() -> None:
    """rest.py mounts its transport on it."""
    assert isinstance(REST(KEY_ID, "secret", "http://127.0.0.1:1")._session, requests.Session)
