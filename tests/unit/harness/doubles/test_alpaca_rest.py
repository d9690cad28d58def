"""The double's REST server, asked by the real client."""

import threading
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
import requests
from alpaca_trade_api import REST, TimeFrame
from alpaca_trade_api.rest import APIError

from app.domain.records import MINUTE_MS
from tests.harness.doubles.alpaca import KEY_ID, SECRET_KEY, AlpacaDouble, TradedBars, real_sessions
from tests.harness.doubles.alpaca.exchange import ExchangeSession
from tests.harness.doubles.alpaca.request_log import LoggedRequest, most_in_a_minute
from tests.harness.doubles.alpaca.server_faults import CutOff, Reset, Slow, Status, Truncated, any_request, further_page
from tests.harness.doubles.alpaca.times import text_of
from tests.harness.doubles.virtual_clock import VirtualClock

SESSIONS = real_sessions(date(2024, 11, 13), date(2024, 11, 15))
OPEN_MS = SESSIONS[1].open_ms
SYMBOLS = ("SPY", "AAPL")
Ask = Callable[..., requests.Response]


@pytest.fixture
def clock() -> Iterator[VirtualClock]:
    clock = VirtualClock(OPEN_MS + 60 * MINUTE_MS + 5_000)
    with clock.attending():
        yield clock


@pytest.fixture(scope="module")
def tape() -> TradedBars:
    return TradedBars(SYMBOLS, SESSIONS[:2], corrections=5, late=5)


@pytest.fixture
def alpaca(tape: TradedBars, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[AlpacaDouble]:
    with AlpacaDouble(tape, SESSIONS, clock).running() as double:
        for name, value in double.environment.items():
            monkeypatch.setenv(name, value)
        yield double


@pytest.fixture
def client(alpaca: AlpacaDouble, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("APCA_RETRY_MAX", "0")
    return REST()


@pytest.fixture
def ask(alpaca: AlpacaDouble) -> Iterator[Ask]:
    """ask(path, **query): the answer as it is."""
    headers = {"APCA-API-KEY-ID": KEY_ID, "APCA-API-SECRET-KEY": SECRET_KEY}
    with requests.Session() as session:

        def get(path: str = "/v2/stocks/bars", **query: Any) -> requests.Response:
            if path == "/v2/stocks/bars":
                query = {"symbols": "AAPL", "timeframe": "1Min", "feed": "iex", "start": text_of(OPEN_MS), **query}
            return session.get(alpaca.rest.url + path, params=query, headers=headers, timeout=5)

        yield get


def bars(client: Any, symbols: Any = SYMBOLS, start_ms: int = OPEN_MS, minutes: int = 60, **more: Any) -> list[Any]:
    options = {"feed": "iex", "raw": True, "end": text_of(start_ms + minutes * MINUTE_MS), **more}
    wanted = list(symbols) if isinstance(symbols, tuple) else symbols
    return [*client.get_bars_iter(wanted, TimeFrame.Minute, start=text_of(start_ms), **options)]


def test_the_client_gets_every_bar_of_all_pages_symbol_by_symbol(client: Any, alpaca: AlpacaDouble) -> None:
    yesterday = SESSIONS[0]
    found = bars(client, start_ms=yesterday.open_ms, minutes=389)
    wanted = sorted(
        (bar.symbol, text_of(bar.timestamp), bar.close, bar.volume)
        for bar in alpaca.tape.final("iex")
        if yesterday.open_ms <= bar.timestamp < yesterday.close_ms
    )
    assert [(bar["S"], bar["t"], bar["c"], bar["v"]) for bar in found] == wanted
    small = bars(client, start_ms=yesterday.open_ms, minutes=389, limit=700)
    assert small == found[:700]
    assert {request.query["limit"] for request in alpaca.rest.requests if "limit" in request.query} == {"700"}


def test_pages_hold_a_thousand_bars_unless_more_are_asked_for(ask: Ask) -> None:
    query = {"symbols": "SPY,AAPL", "start": "2024-11-13", "end": "2024-11-13"}
    first = ask(**query).json()
    assert sum(map(len, first["bars"].values())) < 1000
    assert first["next_page_token"] is None
    one = ask(**query, limit=100).json()
    assert list(one["bars"]) == ["AAPL"]
    assert len(one["bars"]["AAPL"]) == 100
    two = ask(**query, limit=100, page_token=one["next_page_token"]).json()
    assert two["bars"]["AAPL"][0]["t"] > one["bars"]["AAPL"][-1]["t"]
    count = sum(map(len, first["bars"].values()))
    full = ask(**query, limit=count).json()
    assert full["next_page_token"]
    assert ask(**query, limit=count, page_token=full["next_page_token"]).json() == {"bars": {}, "next_page_token": None}
    assert ask(**(query | {"page_token": "forged"})).status_code == 400
    assert [ask(limit=limit).status_code for limit in (0, 10_001, "many")] == [422, 422, 422]


def test_both_ends_are_included_and_nothing_of_the_running_minute(ask: Ask, clock: VirtualClock) -> None:
    def times(**query: Any) -> list[str]:
        return [bar["t"] for bar in ask(**query).json()["bars"].get("AAPL", [])]

    known = times()
    assert times(start=known[3], end=known[7]) == known[3:8]
    assert times(start=known[3][:-1] + ".000000001Z", end=known[7]) == known[4:8]
    assert max(known) <= text_of(clock.now_ms() - 61_000)
    early = times(start="2024-11-14T09:00:00Z", end=text_of(OPEN_MS - 1))
    assert early
    assert early == sorted(early)


def test_one_symbol_in_the_path(client: Any) -> None:
    alone = bars(client, "AAPL")
    assert [{**bar, "S": "AAPL"} for bar in alone] == bars(client, ("AAPL",))
    assert bars(client, "AAPL", start_ms=OPEN_MS - 86_400_000 * 30) == []


def test_the_newest_bar(client: Any) -> None:
    newest = {symbol: bar.c for symbol, bar in client.get_latest_bars(list(SYMBOLS), feed="iex").items()}
    assert newest == {symbol: bars(client, (symbol,))[-1]["c"] for symbol in SYMBOLS}
    assert client.get_latest_bar("AAPL", feed="iex").c == newest["AAPL"]


@pytest.mark.parametrize(
    "moment",
    [
        "2024-11-14 14:30:00Z",
        "2024-11-14T14:30:00",
        "2024-11-14T14:30:00.1234567891Z",
        "2024-11-14T14:30Z",
        "1731594600",
    ],
)
def test_other_times_than_rfc_3339_are_refused(ask: Ask, moment: str) -> None:
    refused = ask(start=moment)
    assert refused.status_code == 422
    assert "start" in refused.json()["message"]


@pytest.mark.parametrize(
    "moment", ["2024-11-14T14:30:00Z", "2024-11-14T09:30:00-05:00", "2024-11-14T14:30:00.123456789Z"]
)
def test_rfc_3339_is_understood(ask: Ask, moment: str) -> None:
    assert ask(start=moment, end=moment).status_code == 200


def test_unknown_symbols_spoil_the_request(client: Any, alpaca: AlpacaDouble) -> None:
    with pytest.raises(APIError, match="invalid symbol: NOPE") as refused:
        bars(client, ("AAPL", "NOPE"))
    assert refused.value.status_code == 400


def test_wrong_keys_get_html_from_one_api_and_json_from_the_other(
    client: Any, alpaca: AlpacaDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APCA_API_SECRET_KEY", "wrong")
    stranger = REST()
    with pytest.raises(requests.HTTPError, match="403"):
        bars(stranger)
    with pytest.raises(APIError, match="not authorized") as refused:
        stranger.get_clock()
    assert (refused.value.status_code, refused.value.code) == (401, 40110000)


def test_feeds_differ_and_recent_sip_costs(client: Any, clock: VirtualClock) -> None:
    old = {feed: bars(client, minutes=40, feed=feed) for feed in ("iex", "sip")}
    assert old["iex"] != old["sip"]
    with pytest.raises(APIError, match="does not permit querying recent SIP data") as refused:
        bars(client, feed="sip")
    assert refused.value.status_code == 403
    # Without a feed: old bars from one, new ones from the other.
    assert bars(client, feed=None)[:40] == bars(client, minutes=44, feed="sip")[:40]
    assert bars(client, feed=None)[-5:] == bars(client)[-5:]


def test_the_two_hundred_and_first_request_of_a_minute_is_refused(ask: Ask, clock: VirtualClock) -> None:
    answers = [ask("/v2/stocks/bars/latest", symbols="AAPL") for _ in range(201)]
    assert [answer.status_code for answer in answers] == [200] * 200 + [429]
    assert [int(answer.headers["X-RateLimit-Remaining"]) for answer in answers] == [*range(199, -1, -1), 0]
    assert {answer.headers["X-RateLimit-Limit"] for answer in answers} == {"200"}
    reset_s = int(answers[0].headers["X-RateLimit-Reset"])
    assert clock.now_ms() // 1000 < reset_s <= clock.now_ms() // 1000 + 60
    assert ask("/v2/clock").status_code == 200
    clock.wait(reset_s - clock.now_ms() / 1000, threading.Event())
    assert ask().status_code == 200


def test_calendar_and_clock(client: Any, clock: VirtualClock) -> None:
    found = client.get_calendar("2024-11-14", "2024-11-20")
    assert [(day.date.date(), str(day.open), str(day.close)) for day in found] == [
        (session.day, "09:30:00", "16:00:00") for session in SESSIONS[1:]
    ]
    now = client.get_clock()
    assert now.is_open
    assert now.next_close.isoformat() == "2024-11-14T16:00:00-05:00"
    assert now.next_open.isoformat() == "2024-11-15T09:30:00-05:00"
    assert abs(now.timestamp.timestamp() * 1000 - clock.now_ms()) < 1


def test_faults_happen_once_and_where_they_are_meant_to(client: Any, alpaca: AlpacaDouble) -> None:
    whole = bars(client)
    faults = alpaca.rest.faults
    faults.plan(Status(503), further_page)
    assert bars(client) == whole
    assert faults.left == 1
    with pytest.raises(APIError) as refused:
        client.data_get("/stocks/bars", {"page_token": "x"}, api_version="v2")
    assert (refused.value.status_code, faults.left) == (503, 0)
    for fault, error in (
        (Status(500, html=True), requests.HTTPError),
        (Status(429, "too many requests."), APIError),
        (Reset(), requests.exceptions.ChunkedEncodingError),
        (CutOff(), requests.exceptions.ChunkedEncodingError),
        (Truncated(), requests.exceptions.JSONDecodeError),
    ):
        faults.plan(fault)
        with pytest.raises(error):
            bars(client)
        assert bars(client) == whole
    faults.plan(Slow(0.01), any_request)
    assert bars(client) == whole
    faults.plan(Status(429, retry_after="7"))
    assert requests.get(alpaca.rest.url + "/v2/stocks/bars", timeout=5).status_code == 403


def test_bars_come_late_and_change(clock: VirtualClock) -> None:
    session = SESSIONS[0]
    tape = TradedBars(SYMBOLS, [session], corrections=20, late=20)
    seen: dict[tuple[str, int], list[tuple[int, float]]] = {}
    for now_ms in range(session.open_ms, session.close_ms + 300_000, 1_000):
        # What was seen earlier than its minute would be so, too, when its minute comes near.
        since, until = max(session.open_ms, now_ms - 360_000), min(session.close_ms - 1, now_ms + 120_000)
        for symbol in SYMBOLS:
            for bar in tape.seen("iex", symbol, since, until, now_ms):
                told = seen.setdefault((symbol, bar.timestamp), [])
                if not told or told[-1][1] != bar.close:
                    told.append((now_ms - bar.timestamp - MINUTE_MS, bar.close))
    corrected = [key for key, told in seen.items() if len(told) > 1]
    late = [key for key, told in seen.items() if told[0][0] > 60_000]
    assert (len(corrected), len(late)) == (20, 20)
    assert all(30_000 <= seen[key][1][0] <= 32_000 for key in corrected)
    assert all(1_000 <= told[0][0] <= 3_500 for key, told in seen.items() if key not in late)
    last = session.close_ms - 2 * MINUTE_MS
    assert [sum(minute >= last for _, minute in keys) for keys in (corrected, late)] == [1, 1]
    regular = [bar for bar in tape.final("iex") if session.open_ms <= bar.timestamp < session.close_ms]
    assert {(bar.symbol, bar.timestamp): bar.close for bar in regular} == {
        key: told[-1][1] for key, told in seen.items()
    }
    assert 2 * 390 * 0.9 < len(regular) < 2 * 390
    assert tape.final("iex") == TradedBars(SYMBOLS, [session], corrections=20, late=20).final("iex")


def test_a_half_day_and_the_clocks_change() -> None:
    [half] = real_sessions(date(2024, 11, 29), date(2024, 11, 29))
    assert half.close_ms - half.open_ms == 210 * MINUTE_MS
    [before, after] = real_sessions(date(2024, 11, 1), date(2024, 11, 4))
    assert (after.open_ms - before.open_ms) == (3 * 24 + 1) * 60 * MINUTE_MS
    assert real_sessions(date(2024, 11, 28), date(2024, 11, 28)) == []
    assert ExchangeSession(half.open_ms, half.close_ms).day == date(2024, 11, 29)


def test_the_busiest_minute_may_begin_anywhere() -> None:
    moments = [0, 59_000, 61_000, 62_000, 118_999, 119_000, 300_000]
    assert most_in_a_minute([LoggedRequest(moment, "/", {}) for moment in moments]) == 4
    assert most_in_a_minute([]) == 0
