"""Headers for every answer, also for one that goes around the middlewares, as that of a stream does."""

from collections.abc import MutableSequence, Sequence

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Header = tuple[bytes, bytes]

_KEY = "stocks.headers"

#: No inline code, nothing from elsewhere, and no frame around it.
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


class Headers:
    """Adds the security headers, and what was put with `also`, to each answer that does not set them itself."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, with more headers."""
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
    """Have the answer to this request carry these, too, unless it sets them itself."""
    more: MutableSequence[Header] | None = scope.get(_KEY)
    if more is not None:
        more.extend(headers)


def every_answers(scope: Scope) -> Sequence[Header]:
    """What `Headers` adds: for who answers around it."""
    found: Sequence[Header] = scope.get(_KEY, ())
    return found
