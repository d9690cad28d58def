"""A request to an ASGI application, byte by byte as a server would hand it on."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Scope

Headers = Sequence[tuple[str, str]]
LOCAL: Headers = (("host", "127.0.0.1:8001"),)


class Answer(NamedTuple):
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """The one of that name; two would be a fault."""
        found = [value for key, value in self.headers if key == name]
        assert len(found) <= 1, found
        return found[0] if found else None


async def ask(
    app: ASGIApp, path: str, headers: Headers = LOCAL, method: str = "GET", body: bytes = b"", kind: str = "http"
) -> Answer:
    """The answer; `path` goes as it stands, with its query, and nothing is added to the headers."""
    raw_path, _, query = path.partition("?")
    scope: Scope = {
        "type": kind,
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(raw_path),
        "raw_path": raw_path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8001),
        "state": {},
    }
    sent: list[Message] = []
    came = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Message:
        for message in came:
            return message
        # The client stays until it has its answer.
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start = sent[0]
    found = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in start.get("headers", ())]
    return Answer(start.get("status", 0), found, b"".join(message.get("body", b"") for message in sent[1:]))


async def hello(scope: Scope, receive: object, send: object) -> None:
    """An application that is always glad."""
    assert callable(send)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})
