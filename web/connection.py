"""The connection behind a request: for answers that must bound what lies in it, or cut it."""

import asyncio
import socket

from starlette.types import ASGIApp, Receive, Scope, Send

_KEY = "stocks.transport"

#: Bytes that the server keeps for a client that does not read, before it waits; the kernel keeps some more.
_MOST_BUFFERED = 32 * 1024


class WithTransport:
    """Hands the connection's transport to the application, which uvicorn does not by itself.

    It must be outermost, where `send` is uvicorn's own. On another server there is none, and nothing is cut.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on."""
        transport = getattr(getattr(send, "__self__", None), "transport", None)
        if scope["type"] == "http" and isinstance(transport, asyncio.Transport):
            scope[_KEY] = transport
        await self.app(scope, receive, send)


def transport_of(scope: Scope) -> asyncio.Transport | None:
    """The connection's transport, where it is known."""
    return scope.get(_KEY)


def bound(transport: asyncio.Transport, seconds: float) -> None:
    """Have the kernel end a connection whose other side confirms nothing for so long, and buffer little for it."""
    transport.set_write_buffer_limits(high=_MOST_BUFFERED)
    sock = transport.get_extra_info("socket")
    if sock is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(seconds * 1000))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
