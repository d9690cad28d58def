"""The security headers of every answer, including streams, which go around the middlewares."""

from collections.abc import MutableSequence, Sequence

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Header = tuple[bytes, bytes]

_KEY = "stocks.headers"

#: No inline code, nothing from other sites, and no other site may show it in a frame.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

SECURITY: Sequence[Header] = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
"""They keep a browser from doing more with an answer than it was meant for."""


class SecurityHeaders:
    """Adds the security headers, and those given to `also`, to each answer that does not set them itself."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and add headers to the answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        more = list(SECURITY)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in more:
                    if name == b"vary":
                        headers.add_vary_header(value.decode("latin-1"))
                    else:
                        headers.setdefault(name.decode("latin-1"), value.decode("latin-1"))
            await send(message)

        await self.app({**scope, _KEY: more}, receive, send_with_headers)


def also(scope: Scope, *headers: Header) -> None:
    """Add these headers to the answer to this request, unless it sets them itself."""
    more: MutableSequence[Header] | None = scope.get(_KEY)
    if more is not None:
        more.extend(headers)


def every_answers(scope: Scope) -> Sequence[Header]:
    """The headers that `SecurityHeaders` would add, for an answer that does not go through it."""
    found: Sequence[Header] = scope.get(_KEY, ())
    return found
