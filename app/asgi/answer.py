"""Answers that come from middlewares or from the server itself, not from a route."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import quote

from starlette.types import Scope, Send

NO_HEADERS: Mapping[str, str] = {}


def quoted_path(path: str) -> str:
    """A path, percent-encoded as in a URL (RFC 3986)."""
    return quote(path, safe="/:@!$&'()*+,;=~")


def problem(status: int, detail: str, path: str | None = None) -> tuple[dict[str, str], bytes]:
    """Headers and body of an error, as problem details (RFC 9457); web/problems.py makes those of the routes."""
    document = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    if path is not None:
        document["instance"] = quoted_path(path)
    return {"content-type": "application/problem+json"}, json.dumps(document).encode()


async def refuse(scope: Scope, send: Send, status: int, detail: str, headers: Mapping[str, str] = NO_HEADERS) -> None:
    """Answer a request with an error."""
    ours, body = problem(status, detail, scope["path"])
    await answer(send, status, {**ours, **headers}, body)


async def answer(send: Send, status: int, headers: Mapping[str, str], body: bytes = b"") -> None:
    """Send an answer with this status, these headers, this body and its length."""
    headers = {"content-length": str(len(body)), **headers}
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
