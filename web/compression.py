"""gzip for clients that take it: a list of signals becomes a tenth of its size.

Starlette does it: small answers and streams of events stay as they are, and what is large is compressed in a thread,
so that the event loop goes on.
"""

from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

#: From here on a thread compresses; less takes about a millisecond.
_IN_A_THREAD_BYTES = 64 * 1024

#: Fast: higher levels take several times as long for a few per cent.
_LEVEL = 2

_STREAM = "/stream"


class CompressionMiddleware(GZipMiddleware):
    """Compresses answers, but never what is pushed."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            app,
            minimum_size=1024,
            compresslevel=_LEVEL,
            thread_minimum_size=_IN_A_THREAD_BYTES,
            exclude_content_types=(*DEFAULT_EXCLUDED_CONTENT_TYPES, "text/tab-separated-values"),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Compress, or pass on what belongs to the stream: neither the answer nor what asks for it should wait."""
        if scope["type"] == "http" and (scope["path"] == _STREAM or scope["path"].startswith(f"{_STREAM}/")):
            await self.app(scope, receive, send)
            return
        await super().__call__(scope, receive, send)
