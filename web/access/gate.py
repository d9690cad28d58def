"""The checks in front of the application: only allowed requests get through."""

import html
from functools import lru_cache
from pathlib import Path

from starlette.datastructures import Headers as RequestHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

from app.asgi.answer import answer, refuse
from app.asgi.hosts import HostCheck
from app.asgi.limits import RequestLimits
from app.asgi.security_headers import SecurityHeaders
from web.access.cors import Cors
from web.access.policy import AccessPolicy
from web.access.token import Token

#: Open without a token: programs that restart or balance workers have none, and a person must see the login page.
OPEN = frozenset(
    {
        "/health",
        "/ready",
        "/login",
        "/static/css/login.css",
        "/static/css/theme.css",
        "/static/icon.svg",
        "/static/js/login.js",
    }
)

WITHOUT = (
    "This worker asks for its token: send the header 'Authorization: Bearer …' with what API_TOKEN says, "
    "or log in at /login."
)

_PAGE = Path(__file__).parents[1] / "static" / "login.html"


def gated(app: ASGIApp, access: AccessPolicy) -> ASGIApp:
    """The application behind all checks."""
    if access.token:
        app = TokenGate(app, access.token)
    app = Cors(app, access.origins)
    if access.hosts:
        app = HostCheck(app, access.hosts, "API_HOSTS")
    return SecurityHeaders(RequestLimits(app))


class TokenGate:
    """Answers 401 to those who have no token, but for what is open; paths are compared as they are, so none slips by.

    A browser gets the page to log in instead, at the address that it asked for.
    """

    def __init__(self, app: ASGIApp, token: Token) -> None:
        self.app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on if it is allowed."""
        if scope["type"] == "lifespan" or (scope["type"] == "http" and scope["path"] in OPEN):
            await self.app(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        elif self._token.admits(scope):
            await self.app(scope, receive, send)
        elif scope["method"] in ("GET", "HEAD") and "text/html" in RequestHeaders(scope=scope).get("accept", ""):
            await answer(send, 401, {**LOGIN_HEADERS, **CHALLENGE}, login_page(asked_for(scope)))
        else:
            await refuse(scope, send, 401, WITHOUT, {**CHALLENGE, "cache-control": "no-store"})


CHALLENGE = {"www-authenticate": 'Bearer realm="stock-signals"'}

LOGIN_HEADERS = {"content-type": "text/html; charset=utf-8", "cache-control": "no-store"}


def asked_for(scope: Scope) -> str:
    """Path and query of a request."""
    path = (scope.get("raw_path") or scope["path"].encode()).decode("ascii", "replace")
    query = scope["query_string"].decode("ascii", "replace")
    return f"{path}?{query}" if query else path


def login_page(after: str, fault: str = "") -> bytes:
    """The page to log in, which leads to the address `after`."""
    text = _text().replace("{after}", html.escape(after)).replace("{fault}", html.escape(fault))
    return text.encode()


@lru_cache(maxsize=1)
def _text() -> str:
    return _PAGE.read_text(encoding="utf-8")
