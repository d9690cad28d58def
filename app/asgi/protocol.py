"""uvicorn's protocol for one connection, with bounds that uvicorn does not have.

uvicorn waits for ever for a request that is begun and not finished. Its `limit_concurrency` looks only when a request
has come, so it never refuses those who send none, and once it is reached it refuses everybody, also those who were
there before, health checks included. Here a connection that comes when there are enough is refused at once,
the others stay.
"""

import asyncio
import logging
import socket
from collections.abc import Callable
from functools import partial
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol

from app.asgi.answer import problem
from app.asgi.limits import MOST_HEAD, TOO_LARGE_HEADERS
from app.asgi.open_files import allow_open
from app.asgi.security_headers import SECURITY
from app.logs.throttle import LogThrottle

log = logging.getLogger(__name__)

_CLIENT_FAULT = "Invalid HTTP request received."
_NOW_AND_THEN = LogThrottle()

#: What a process has open beside connections: tables, clients of Kafka, libraries.
_OTHER_FILES = 1000

#: A request must be complete so many seconds after the server began to wait for it, and a client must take something
#: of its answer as often.
SECONDS = 30.0

#: After a refusal, for how long what the client still sends is read and thrown away; and of how many clients at once.
_END_SECONDS, _MOST_ENDING = 1.0, 100

_ending: "set[BoundedProtocol]" = set()


class BoundedProtocol(H11Protocol):
    """Ends half-open connections after `seconds`, and takes at most `most` connections."""

    def __init__(self, *args: Any, most: int, seconds: float = SECONDS, **options: Any) -> None:
        super().__init__(*args, **options)
        self._most, self._seconds = most, seconds
        self._deadline: asyncio.TimerHandle | None = None
        self._is_ending = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, or say that there are enough."""
        if len(self.connections) >= self._most:
            log.warning("%d connections are open: more are refused (API_MAX_CONNECTIONS)", self._most)
            self.transport = transport
            self._end_with(503, "There are too many connections; try again in 2 s.", ("retry-after", "2"))
            return
        sock: Any = transport.get_extra_info("socket")
        if sock is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
            # The kernel's time limit for a client that takes nothing of what is sent to it.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(self._seconds * 1000))
        super().connection_made(transport)
        self._mind_the_deadline()

    def data_received(self, data: bytes) -> None:
        """Take some bytes."""
        if not self._is_ending:
            super().data_received(data)
            self._mind_the_deadline()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._mind_the_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        _ending.discard(self)
        self._forget_the_deadline()
        super().connection_lost(exc)

    def _mind_the_deadline(self) -> None:
        """Start the clock while the client has to send or finish a request; stop it otherwise."""
        if self._is_ending:
            return
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._forget_the_deadline()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(self._seconds, self._give_up)

    def _forget_the_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        """Say what is wrong with a request that cannot be read."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.close()  # An answer is being written already.
        elif len(self.conn.trailing_data[0]) > MOST_HEAD:
            self._end_with(431, TOO_LARGE_HEADERS)
        else:
            self._end_with(400, "The request is no HTTP that can be read.")

    def _end_with(self, status: int, detail: str, *more: tuple[str, str]) -> None:
        ours, body = problem(status, detail)
        all_ours = [*ours.items(), ("content-length", str(len(body))), *more, ("connection", "close")]
        headers = [*((name.encode(), value.encode()) for name, value in all_ours), *SECURITY]
        response = h11.Response(status_code=status, headers=headers, reason=STATUS_PHRASES[status])
        for event in (response, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        if self.cycle is not None:
            # The application may still be at work on a request whose body cannot be read.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self._is_ending = True
        self._forget_the_deadline()
        if len(_ending) >= _MOST_ENDING:
            self.transport.close()
            return
        # If a socket is closed with unread bytes, the client's kernel throws away the answer just sent.
        _ending.add(self)
        self.transport.write_eof()
        self._deadline = self.loop.call_later(_END_SECONDS, self._give_up)

    def _unsupported_upgrade_warning(self) -> None:
        """Answer a client that would like a WebSocket as any other: a warning each time would fill the log."""


def server_options(most_connections: int, allow: Callable[[int], int] = allow_open) -> dict[str, Any]:
    """Options for uvicorn.Config; to be asked for as the server starts, for it raises the limit of open files.

    `allow` does that, and says how many files may be open then.
    """
    log.addFilter(_NOW_AND_THEN)
    logging.getLogger("uvicorn.error").addFilter(_is_our_fault)
    allowed = allow(most_connections + _OTHER_FILES) - _OTHER_FILES // 2
    if allowed < most_connections:
        log.warning(
            "The system lets this process have %d connections open, not %d (ulimit -n)", allowed, most_connections
        )
    return {
        "http": partial(BoundedProtocol, most=min(most_connections, allowed)),
        # websockets 13 is all that alpaca-trade-api allows; nothing here needs one.
        "ws": "none",
        "h11_max_incomplete_event_size": MOST_HEAD,
        "server_header": False,
        "access_log": False,
    }


def _is_our_fault(record: logging.LogRecord) -> bool:
    """Whether a line of uvicorn's is worth reading: it warns of each request that it cannot read."""
    return record.msg != _CLIENT_FAULT
