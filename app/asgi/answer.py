"""An answer of the middlewares and of the server itself: the shape of every error, and how it is written."""

import json
from collections.abc import Mapping

from starlette.types import Send

NO_HEADERS: Mapping[str, str] = {}


def problem(status: int, detail: str) -> tuple[dict[str, str], bytes]:
    """Headers and body of an error. Change its shape here, and in web/errors.py for those of the routes."""
    body = json.dumps({"detail": detail}).encode()
    return {"content-type": "application/json"}, body


async def refuse(send: Send, status: int, detail: str, headers: Mapping[str, str] = NO_HEADERS) -> None:
    """Answer with an error."""
    ours, body = problem(status, detail)
    await answer(send, status, {**ours, **headers}, body)


async def answer(send: Send, status: int, headers: Mapping[str, str], body: bytes = b"") -> None:
    """Answer with what is given, and its length."""
    headers = {"content-length": str(len(body)), **headers}
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
