"""The double's websocket server, asked by the real client and by hand."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import msgpack
import pytest
from alpaca_trade_api.stream import DataStream
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from app.domain.records import MINUTE_MS
from tests.harness.doubles.alpaca import KEY_ID, SECRET_KEY, AlpacaDouble, TradedBars, real_sessions
from tests.harness.doubles.alpaca.traded_bars import Edition
from tests.harness.doubles.virtual_clock import VirtualClock
from tests.integration.waiting import eventually

SESSIONS = real_sessions(date(2024, 11, 14), date(2024, 11, 14))
OPEN_MS = SESSIONS[0].open_ms
SYMBOLS = ("AAPL", "SPY")
Open = Callable[..., AlpacaDouble]

pytestmark = pytest.mark.filterwarnings("ignore:The 'warn' method:DeprecationWarning:alpaca_trade_api")


@pytest.fixture
def clock() -> Iterator[VirtualClock]:
    clock = VirtualClock(OPEN_MS)
    with clock.attending():
        yield clock


@pytest.fixture
def alpaca(clock: VirtualClock) -> Iterator[Open]:
    """alpaca(symbol_limit=2, …): a double that runs."""
    running = []

    def make(**options: Any) -> AlpacaDouble:
        double = AlpacaDouble(
            TradedBars(SYMBOLS, SESSIONS, corrections=20, late=5), SESSIONS, clock, **options
        ).running()
        running.append(double)
        return double.__enter__()

    yield make
    for double in running:
        double.__exit__(None, None, None)


@contextmanager
def caller(double: AlpacaDouble, feed: str = "iex") -> Iterator[Connection]:
    with connect(f"{double.stream.url}/v2/{feed}", close_timeout=0.2) as socket:
        assert heard(socket) == [{"T": "success", "msg": "connected"}]
        yield socket


def say(socket: Connection, **message: Any) -> None:
    socket.send(msgpack.packb(message))


def heard(socket: Connection) -> Any:
    return msgpack.unpackb(socket.recv(timeout=10))


def sign_in(socket: Connection, secret: str = SECRET_KEY) -> Any:
    say(socket, action="auth", key=KEY_ID, secret=secret)
    return heard(socket)


def error(code: int, message: str) -> list[dict[str, Any]]:
    return [{"T": "error", "code": code, "msg": message}]


@pytest.mark.parametrize("fragment", [None, 11])
def test_the_client_hears_every_edition(alpaca: Open, clock: VirtualClock, fragment: int | None) -> None:
    double, bars = alpaca(fragment=fragment), list[Any]()
    client = DataStream(KEY_ID, SECRET_KEY, double.stream.url, raw_data=True)

    async def hear(bar: Any) -> None:
        bars.append(bar)

    client.subscribe_bars(hear, *SYMBOLS)
    client.subscribe_updated_bars(hear, *SYMBOLS)
    thread = threading.Thread(target=lambda: asyncio.run(client._run_forever()), daemon=True)
    thread.start()
    eventually(lambda: double.stream.listening, 10)
    until_ms = OPEN_MS + 60 * MINUTE_MS
    clock.wait(3600, threading.Event())
    wanted = [edition for edition in double.tape.messages("iex") if OPEN_MS < edition.stream_ms <= until_ms]
    eventually(lambda: len(bars) >= len(wanted), 10)
    assert [as_told(bar) for bar in bars] == [
        (edition.kind, edition.bar.symbol, edition.bar.timestamp, edition.bar.close) for edition in wanted
    ]
    assert {edition.kind for edition in wanted} == {"b", "u"}
    client.stop()
    double.stream.drop()
    thread.join(10)
    assert double.stream.told == wanted
    assert [knock.path for knock in double.stream.knocks] == ["/v2/iex"]


def test_the_client_comes_back_at_once_and_again_and_again(alpaca: Open) -> None:
    double = alpaca()
    client = DataStream(KEY_ID, "wrong", double.stream.url, raw_data=True)

    async def hear(_: Any) -> None:
        """Nothing comes."""

    client.subscribe_bars(hear, "AAPL")
    thread = threading.Thread(target=lambda: asyncio.run(client._run_forever()), daemon=True)
    thread.start()
    eventually(lambda: len(double.stream.knocks) >= 5, 10)
    client.stop()
    double.stream.drop()
    thread.join(10)


def test_errors_have_alpacas_codes(alpaca: Open) -> None:
    double = alpaca(symbol_limit=2)
    with caller(double) as socket:
        assert sign_in(socket, "wrong") == error(402, "auth failed")
        with pytest.raises(ConnectionClosed):
            heard(socket)
    with caller(double, "sip") as socket:
        assert sign_in(socket) == error(409, "insufficient subscription")
    with caller(double) as socket:
        say(socket, action="subscribe", bars=["AAPL"])
        assert heard(socket) == error(401, "not authenticated")
    with caller(double) as first, caller(double) as second:
        assert sign_in(first) == [{"T": "success", "msg": "authenticated"}]
        assert sign_in(second) == error(406, "connection limit exceeded")
        assert sign_in(first) == error(403, "already authenticated")
        say(first, action="subscribe", bars=["AAPL", "SPY", "QQQ"])
        assert heard(first) == error(405, "symbol limit exceeded")
        first.send(b"\xc1")
        assert heard(first) == error(400, "invalid syntax")
        say(first, action="subscribe", bars=["AAPL", "SPY"], updatedBars=["SPY"])
        assert subscribed(first) == {"bars": ["AAPL", "SPY"], "updatedBars": ["SPY"]}
        say(first, action="unsubscribe", bars=["AAPL"])
        assert subscribed(first) == {"bars": ["SPY"], "updatedBars": ["SPY"]}
    double.stream.refuse(407)
    with caller(double) as socket:
        assert sign_in(socket) == error(407, "slow client")


def test_keys_must_come_in_time(alpaca: Open) -> None:
    with caller(alpaca(auth_within_s=0.05)) as socket:
        assert heard(socket) == error(404, "auth timeout")
        with pytest.raises(ConnectionClosed):
            heard(socket)


def test_connections_end_in_several_ways(alpaca: Open) -> None:
    double = alpaca()
    edition = double.tape.messages("iex")[0]
    for end, code in (
        (double.stream.drop, 1006),
        (lambda: double.stream.close(1011, "going"), 1011),
        (lambda: double.stream.fail(500), 1000),
    ):
        with listener(double) as socket:
            double.stream.tell([edition])
            assert [as_told(bar)[1:3] for bar in heard(socket)] == [(edition.bar.symbol, edition.bar.timestamp)]
            end()
            assert ended(socket) == code
        eventually(lambda: not double.stream.listening, 10)


def test_a_silent_connection_stays_and_brings_nothing(alpaca: Open) -> None:
    double = alpaca()
    edition: Edition = double.tape.messages("iex")[0]
    with listener(double) as socket:
        double.stream.fall_silent()
        double.stream.tell([edition])
        assert socket.ping().wait(10)
        with pytest.raises(TimeoutError):
            socket.recv(timeout=0.05)
        double.stream.send_raw(b"\xc1")
        assert socket.recv(timeout=10) == b"\xc1"
    eventually(lambda: not double.stream.listening, 10)
    with listener(double) as socket:
        double.stream.tell([edition])
        assert heard(socket)
    assert double.stream.told == [edition]


@contextmanager
def listener(double: AlpacaDouble) -> Iterator[Connection]:
    with caller(double) as socket:
        sign_in(socket)
        say(socket, action="subscribe", bars=["*"], updatedBars=["*"])
        subscribed(socket)
        eventually(lambda: double.stream.listening, 10)
        yield socket


def ended(socket: Connection) -> int:
    """The code of its end, whatever comes before."""
    try:
        while True:
            heard(socket)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 1006


def subscribed(socket: Connection) -> dict[str, list[str]]:
    [message] = heard(socket)
    assert message.pop("T") == "subscription"
    return {name: symbols for name, symbols in message.items() if symbols}


def as_told(bar: Any) -> tuple[str, str, int, float]:
    return bar["T"], bar["S"], bar["t"].to_unix_nano() // 10**6, bar["c"]
