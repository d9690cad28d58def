"""The connection of a request, for long answers that limit its buffers or cut it."""

import asyncio
import socket
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

_KEY = "stocks.connection"

#: Bytes that the server keeps for a client that does not read, before it waits; the kernel keeps some more.
_MOST_BUFFERED = 32 * 1024


class HttpConnection:
    """Gives access to uvicorn's transport. On another server `transport` is None, and nothing is cut.

    `answer` is an ASGI application that answers when the one within has returned without doing so. An answer
    that lasts for hours keeps nothing then of what led to it: frames and objects of 10 kB.
    """

    __slots__ = ("answer", "transport")

    def __init__(self, transport: asyncio.Transport | None) -> None:
        self.transport = transport
        self.answer: ASGIApp | None = None

    def bound(self, seconds: float) -> None:
        """Have the kernel end it if the other side confirms nothing for so long, and buffer little for it."""
        if self.transport is None:
            return
        self.transport.set_write_buffer_limits(high=_MOST_BUFFERED)
        sock: Any = self.transport.get_extra_info("socket")
        if sock is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(seconds * 1000))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def cut(self) -> None:
        """Close it at once, and drop the bytes that still wait to be sent."""
        if self.transport is not None:
            self.transport.abort()


class WithConnection:
    """Adds the Connection to requests. It must be outermost, where `send` is uvicorn's own."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        transport = getattr(getattr(send, "__self__", None), "transport", None)
        connection = HttpConnection(transport if isinstance(transport, asyncio.Transport) else None)
        # Others may copy the scope, or change their copy.
        await self.app({**scope, _KEY: connection}, receive, send)
        if connection.answer is not None:
            await connection.answer(scope, receive, send)


def connection_of(scope: Scope) -> HttpConnection | None:
    """The connection, where WithConnection is outermost."""
    found: HttpConnection | None = scope.get(_KEY)
    return found
