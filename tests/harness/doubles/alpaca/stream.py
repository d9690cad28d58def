"""The double's websocket server, in the msgpack that the alpaca-trade-api client asks for."""

import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple, Protocol

import msgpack
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

from app.sources.clock import Clock
from tests.harness.doubles.alpaca.traded_bars import Edition, TradedBars

ERRORS = {
    400: "invalid syntax",
    401: "not authenticated",
    402: "auth failed",
    403: "already authenticated",
    404: "auth timeout",
    405: "symbol limit exceeded",
    406: "connection limit exceeded",
    407: "slow client",
    408: "v2 not enabled",
    409: "insufficient subscription",
    410: "invalid subscribe action for this feed",
    500: "internal error",
}
_CHANNELS = ("trades", "quotes", "bars", "updatedBars", "dailyBars", "statuses", "lulds", "corrections", "cancelErrors")
_CHANNEL_OF = {"b": "bars", "u": "updatedBars"}


class Stage(Clock, Protocol):
    """A clock that starts threads which wait by it."""

    def thread(self, work: Callable[[], None], name: str) -> threading.Thread:
        """Starts one."""


class Knock(NamedTuple):
    """One attempt to connect: when (milliseconds of the double's clock), and to what path."""

    moment_ms: int
    path: str


@dataclass(eq=False)
class _Client:
    """One that showed its keys."""

    socket: ServerConnection
    feed: str
    subscribed: dict[str, list[str]] = field(default_factory=dict)
    silent: bool = False

    def hears(self, edition: Edition) -> bool:
        symbols = self.subscribed.get(_CHANNEL_OF[edition.kind], ())
        return not self.silent and (edition.bar.symbol in symbols or "*" in symbols)


class Stream:
    """Sends the tape's editions when they are due, to those that subscribed.

    `knocks` are all attempts to connect, `told` what reached a client's
    connection. One account has one connection (406), `symbol_limit` symbols
    (405) and no SIP on a free plan (409). `fragment` cuts each message into
    frames of so many bytes.
    """

    def __init__(
        self,
        tape: TradedBars,
        clock: Stage,
        *,
        keys: tuple[str, str],
        free: bool = True,
        feed: str = "iex",
        symbol_limit: int | None = 30,
        auth_within_s: float = 10.0,
        fragment: int | None = None,
    ) -> None:
        self.knocks: list[Knock] = []
        self.told: list[Edition] = []
        self.subscriptions = 0
        self._tape, self._clock, self._feed, self._free = tape, clock, feed, free
        self._keys = keys
        self._symbol_limit, self._auth_within_s, self._fragment = symbol_limit, auth_within_s, fragment
        self._refusals: list[int] = []
        self._lock = threading.Lock()
        self._open: set[ServerConnection] = set()
        self._clients: list[_Client] = []
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self._server: Server = serve(self._serve, "127.0.0.1", 0, compression=None, close_timeout=0.2)

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}"

    def start(self) -> None:
        accept = threading.Thread(target=self._server.serve_forever, name="alpaca-stream", daemon=True)
        accept.start()
        self._threads = [accept, self._clock.thread(self._tell_what_is_due, "alpaca-tape")]

    def stop(self) -> None:
        self._stopped.set()
        self._server.shutdown()
        self.drop()
        for thread in self._threads:
            thread.join()

    @property
    def listening(self) -> int:
        """Clients that are subscribed to bars and not cut off in silence."""
        return sum(bool(client.subscribed) and not client.silent for client in list(self._clients))

    def refuse(self, code: int, times: int = 1) -> None:
        """The next to show its keys gets this error, and the connection is closed."""
        self._refusals += [code] * times

    def accept(self) -> None:
        """No more such refusals."""
        self._refusals.clear()

    def drop(self) -> None:
        """All connections end without a word, as when a router forgets them."""
        for connection in list(self._open):
            with suppress(OSError):
                connection.socket.shutdown(socket.SHUT_RDWR)

    def close(self, code: int = 1001, reason: str = "") -> None:
        """All connections are closed in order."""
        for connection in list(self._open):
            connection.close(code, reason)

    def fall_silent(self) -> None:
        """Those connected now stay so, but hear nothing more."""
        for client in list(self._clients):
            client.silent = True

    def fail(self, code: int) -> None:
        """Those connected now get this error, and the connection is closed."""
        for client in list(self._clients):
            self._refuse(client.socket, code)

    def send_raw(self, data: bytes) -> None:
        """Those connected now get these bytes in one frame."""
        for client in list(self._clients):
            with suppress(ConnectionClosed):
                client.socket.send(data)

    def tell(self, editions: Iterable[Edition]) -> None:
        """Sends these now, in one message to each client."""
        editions = list(editions)
        for client in list(self._clients):
            heard = [edition for edition in editions if client.hears(edition)]
            if heard and self._send(client.socket, [_message(edition) for edition in heard]):
                self.told += heard

    def _tell_what_is_due(self) -> None:
        start_ms = self._clock.now_ms()
        coming = (edition for edition in self._tape.messages(self._feed) if edition.stream_ms > start_ms)
        for moment_ms, editions in groupby(coming, key=lambda edition: edition.stream_ms):
            while (left_ms := moment_ms - self._clock.now_ms()) > 0:
                self._clock.wait(left_ms / 1000, self._stopped)
                if self._stopped.is_set():
                    return
            self.tell(editions)

    def _serve(self, connection: ServerConnection) -> None:
        path = connection.request.path if connection.request else ""
        self.knocks.append(Knock(self._clock.now_ms(), path))
        self._open.add(connection)
        try:
            self._send(connection, [{"T": "success", "msg": "connected"}])
            if client := self._authenticate(connection, path.rpartition("/")[2]):
                self._converse(client)
        except ConnectionClosed:
            pass
        finally:
            self._open.discard(connection)

    def _authenticate(self, connection: ServerConnection, feed: str) -> _Client | None:
        try:
            message = _read(connection.recv(timeout=self._auth_within_s))
        except TimeoutError:
            self._refuse(connection, 404)
            return None
        with self._lock:
            code = self._objection(message, feed)
            if code is None:
                client = _Client(connection, feed)
                self._clients.append(client)
        if code is not None:
            self._refuse(connection, code)
            return None
        self._send(connection, [{"T": "success", "msg": "authenticated"}])
        return client

    def _objection(self, message: Mapping[str, Any], feed: str) -> int | None:
        if message.get("action") != "auth":
            return 401
        if self._refusals:
            return self._refusals.pop(0)
        if (message.get("key"), message.get("secret")) != self._keys:
            return 402
        if self._free and feed == "sip":
            return 409
        return 406 if self._clients else None

    def _converse(self, client: _Client) -> None:
        try:
            for data in client.socket:
                self._obey(client, _read(data))
        finally:
            self._clients.remove(client)

    def _obey(self, client: _Client, message: Mapping[str, Any]) -> None:
        match message.get("action"):
            case "auth":
                self._send(client.socket, [_error(403)])
                return
            case "subscribe" | "unsubscribe" as action:
                subscribed = _changed(client.subscribed, message, add=action == "subscribe")
            case _:
                self._send(client.socket, [_error(400)])
                return
        symbols = {symbol for symbols in subscribed.values() for symbol in symbols}
        if self._symbol_limit is not None and len(symbols) > self._symbol_limit:
            self._send(client.socket, [_error(405)])
            return
        self._send(client.socket, [{"T": "subscription", **{name: subscribed.get(name, []) for name in _CHANNELS}}])
        client.subscribed = subscribed
        self.subscriptions += 1

    def _refuse(self, connection: ServerConnection, code: int) -> None:
        self._send(connection, [_error(code)])
        connection.close()

    def _send(self, connection: ServerConnection, messages: list[dict[str, Any]]) -> bool:
        data: bytes = msgpack.packb(messages)
        size = self._fragment
        try:
            connection.send([data[at : at + size] for at in range(0, len(data), size)] if size else data)
        except (ConnectionClosed, OSError):
            return False
        return True


def _changed(subscribed: Mapping[str, list[str]], message: Mapping[str, Any], *, add: bool) -> dict[str, list[str]]:
    changed = {}
    for name in _CHANNELS:
        before, named = subscribed.get(name, []), list(message.get(name, ()))
        after = [*before, *(s for s in named if s not in before)] if add else [s for s in before if s not in named]
        if after:
            changed[name] = after
    return changed


def _read(data: str | bytes) -> Mapping[str, Any]:
    try:
        message = msgpack.unpackb(data)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


def _error(code: int) -> dict[str, Any]:
    return {"T": "error", "code": code, "msg": ERRORS[code]}


def _message(edition: Edition) -> dict[str, Any]:
    bar = edition.bar
    return {
        "T": edition.kind,
        "S": bar.symbol,
        "o": bar.open,
        "h": bar.high,
        "l": bar.low,
        "c": bar.close,
        "v": bar.volume,
        "t": msgpack.Timestamp(bar.timestamp // 1000, 0),
        "n": bar.trade_count,
        "vw": bar.vwap,
    }
