"""Web pages elsewhere that may read the answers: none, unless API_CORS_ORIGINS names them.

Not Starlette's CORSMiddleware: it would miss the stream, whose answer goes around all middlewares.
"""

from collections.abc import Collection

from starlette.datastructures import Headers as RequestHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

from app.asgi.answer import answer
from app.asgi.security_headers import also

_VARY = (b"vary", b"Origin")

_EXPOSED = b"ETag, Link, Retry-After, Stocks-Complete, Stocks-Run-Id, Stocks-Run-Reason, Stocks-Synthetic, Stocks-Total"

_PREFLIGHT = {
    "access-control-allow-methods": "GET, HEAD",
    "access-control-allow-headers": "Authorization, Last-Event-ID",
    "access-control-max-age": "600",
}


class Cors:
    """Answers a browser that asks whether a page of these origins may ask, and marks its answers as readable.

    Cookies are for the worker's own page: it is SameSite, and no answer allows credentials.
    """

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        self.app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on but a preflight of an origin that may read."""
        if scope["type"] != "http" or not self._origins:
            await self.app(scope, receive, send)
            return
        headers = RequestHeaders(scope=scope)
        origin = headers.get("origin", "")
        also(scope, _VARY)
        if origin.lower() in self._origins:
            also(
                scope,
                (b"access-control-allow-origin", origin.encode("latin-1")),
                (b"access-control-expose-headers", _EXPOSED),
            )
            if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
                # Before the token is asked for: a browser sends none with this.
                await answer(send, 204, _PREFLIGHT)
                return
        await self.app(scope, receive, send)
