"""A websocket server that does to each client what a script says, Alpaca's protocol or not."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ssl import SSLContext
from typing import Any

import msgpack
from pydantic import SecretStr
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from app.sources.alpaca.access import Access

SYMBOLS = ("AAPL", "SPY")
MINUTE = 1_731_594_600  # 2024-11-14T14:30:00Z
WELCOME = {"T": "success", "msg": "connected"}
WELL_DONE = {"T": "success", "msg": "authenticated"}
SECRET = "a-secret-that-nothing-may-show"  # noqa: S105

_LEAVING_S = 5.0

Script = Callable[["Visitor"], None]
Gate = Callable[[ServerConnection, Request], Response | None]


class Visitor:
    """One client that connected."""

    def __init__(self, connection: ServerConnection, leave: threading.Event) -> None:
        self.connection = connection
        self._leave = leave

    def say(self, *messages: Any) -> None:
        self.connection.send(msgpack.packb(messages))

    def hear(self) -> Any:
        return msgpack.unpackb(self.connection.recv())

    def let_in(self) -> None:
        self.say(WELCOME)
        self.hear()
        self.say(WELL_DONE)

    def subscribe(self, *, bars: tuple[str, ...] = SYMBOLS, updates: tuple[str, ...] = SYMBOLS) -> None:
        self.let_in()
        self.hear()
        self.say({"T": "subscription", "bars": list(bars), "updatedBars": list(updates), "trades": []})

    def stay(self) -> None:
        """Until the client leaves."""
        for _ in self.connection:
            pass

    def ignore(self) -> None:
        """Hears nothing, not even that the client leaves, until the server ends."""
        self._leave.wait()


class Scripted:
    """`attempts` counts the clients that came, `overlaps` those that came while another was connected."""

    def __init__(self, script: Script, gate: Gate | None = None, tls: SSLContext | None = None) -> None:
        self.attempts = self.overlaps = 0
        self.present = 0
        self._script, self._gate = script, gate
        self._ending = threading.Event()
        self._changed = threading.Condition()
        self._server = serve(
            self._serve, "127.0.0.1", 0, process_request=self._count, close_timeout=0.5, ssl=tls, logger=None
        )
        self.port = self._server.socket.getsockname()[1]

    @contextmanager
    def running(self) -> Iterator["Scripted"]:
        thread = threading.Thread(target=self._server.serve_forever)
        thread.start()
        try:
            yield self
        finally:
            self._ending.set()
            self._server.shutdown()
            thread.join()

    def access(self, scheme: str = "ws") -> Access:
        return access(self.port, scheme)

    def _count(self, connection: ServerConnection, request: Request) -> Response | None:
        self.attempts += 1
        return self._gate(connection, request) if self._gate else None

    def _serve(self, connection: ServerConnection) -> None:
        with self._changed:
            # Who has left may not have been missed yet.
            self.overlaps += not self._changed.wait_for(lambda: not self.present, _LEAVING_S)
            self.present += 1
        try:
            self._script(Visitor(connection, self._ending))
        except ConnectionClosed:
            pass
        finally:
            with self._changed:
                self.present -= 1
                self._changed.notify_all()


def access(port: int, scheme: str = "ws") -> Access:
    """To a server on this machine."""
    return Access(SecretStr("a-key-id"), SecretStr(SECRET), stream_url=f"{scheme}://127.0.0.1:{port}")


def bar(symbol: str = "AAPL", minute: int = 0, kind: str = "b", **changes: Any) -> dict[str, Any]:
    """A message; `minute` counts from 14:30."""
    message = {"T": kind, "S": symbol, "o": 1.0, "h": 2.0, "l": 1.0, "c": 1.5, "v": 10, "n": 3, "vw": 1.4}
    return {**message, "t": msgpack.Timestamp(MINUTE + 60 * minute, 0), **changes}
