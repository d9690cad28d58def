"""Writes a client's events to its connection: every send has a time limit, and who has gone is noticed."""

import asyncio
import logging
from contextlib import suppress

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.asgi.security_headers import every_answers
from web.http_connection import HttpConnection, connection_of
from web.stream.hub import HubClosed
from web.stream.subscriber import Subscriber

log = logging.getLogger(__name__)

#: A client that takes nothing for so long is cut, in seconds.
SEND_SECONDS = 20.0

#: How long an orderly end may take.
END_SECONDS = 0.5


class StreamResponse(Response):
    """The answer of GET /stream."""

    media_type = "text/event-stream"

    def __init__(self, client: Subscriber, send_seconds: float = SEND_SECONDS) -> None:
        # With the stream the connection ends too: a server that stops waits for no idle one.
        super().__init__(headers={"cache-control": "no-store", "connection": "close", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._client = client
        self._send_seconds = send_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, until the client goes or is cut."""
        connection = connection_of(scope)
        # The answer goes around the middlewares, to hold no memory of theirs.
        self.raw_headers.extend(every_answers(scope))
        if scope.get("is_head"):
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await send({"type": "http.response.body", "body": b""})
        elif connection is None:
            await self._answer(HttpConnection(None), receive, send)
        else:
            connection.answer = lambda _, receive, send: self._answer(connection, receive, send)

    async def _answer(self, connection: HttpConnection, receive: Receive, send: Send) -> None:
        connection.bound(self._send_seconds)
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        writer = asyncio.create_task(self._write(send))
        watcher = asyncio.create_task(_until_gone(receive))
        self._client.on_end = writer.cancel
        try:
            await asyncio.wait({writer, watcher}, return_when=asyncio.FIRST_COMPLETED)
            is_gone = watcher.done()
        finally:
            writer.cancel()
            watcher.cancel()
            await asyncio.wait({writer, watcher})
        if is_gone:
            return
        error = None if writer.cancelled() else writer.exception()
        if error is not None and not isinstance(error, TimeoutError):
            # The client comes again and resumes; what is wrong here nobody else would say.
            log.error("A stream ended with an error", exc_info=error)
        if not isinstance(error, TimeoutError):
            with suppress(TimeoutError):
                async with asyncio.timeout(END_SECONDS):
                    await send({"type": "http.response.body", "body": b""})
                    return
        connection.cut()

    async def _write(self, send: Send) -> None:
        events = self._client.events()
        try:
            async for piece in events:
                async with asyncio.timeout(self._send_seconds):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
        except HubClosed:
            return
        finally:
            await events.aclose()


async def _until_gone(receive: Receive) -> None:
    """Wait until the client has gone: to write to it says nothing."""
    while (await receive())["type"] != "http.disconnect":
        pass
