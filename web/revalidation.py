"""Answers 304 when a client already has the answer: `ETag`, `304 Not Modified`, `Cache-Control: no-cache`.

A list that a program asks for again and again is sent only when something in it has changed.
"""

import hashlib
import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ASK_EACH_TIME = "no-cache"
FOR_EVER = "max-age=31536000, immutable"
"""For files whose name has their version: what is in them never changes."""

_HASHED = ("application/json", "text/csv")
#: What changes with the time of asking alone. No text within an answer looks so: its quotes are escaped.
_MOVING = re.compile(rb'"(?:as_of|lag)":(?:"[^"]*"|\d+|null)')

_NOT_WITH_304 = ("content-length", "content-type", "content-disposition")


class Validator:
    """Makes an ETag of what an answer says; a weak one, since the same answer may be compressed or not."""

    def __init__(self, *pieces: bytes) -> None:
        self._digest = hashlib.blake2b(digest_size=16)
        for piece in pieces:
            self.add(piece)

    def add(self, piece: bytes) -> None:
        """Add a piece; where it ends counts, too."""
        self._digest.update(b"%d:" % len(piece))
        self._digest.update(piece)

    @property
    def etag(self) -> str:
        """The value of the header."""
        return f'W/"{self._digest.hexdigest()}"'


def matches(if_none_match: str, etag: str) -> bool:
    """Whether a client that sends this header has the answer with this ETag (RFC 9110, 13.1.2: compared weakly)."""
    wanted = etag.removeprefix("W/")
    known = (each.strip().removeprefix("W/") for each in if_none_match.split(","))
    return any(each in (wanted, "*") for each in known)


class RevalidationMiddleware:
    """Gives answers to GET an ETag and a Cache-Control where the route gave none, and answers 304 where it may.

    Only an answer that comes in one piece gets an ETag here; streams pass as they are.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        await self.app(scope, receive, _Answer(Headers(scope=scope).get("if-none-match", ""), send).send)


class _Answer:
    """One answer on its way: its start is held back until it is known whether the client has it."""

    def __init__(self, if_none_match: str, send: Send) -> None:
        self._if_none_match = if_none_match
        self._send = send
        self._start: Message | None = None
        self._is_over = False

    async def send(self, message: Message) -> None:
        """As the application sends."""
        if self._is_over:
            return  # The rest of a body that nobody needs.
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("Cache-Control", ASK_EACH_TIME)
            if message["status"] == 200 and _is_hashed(headers):
                self._start = message
                return
        elif message["type"] == "http.response.body" and self._start is not None:
            start, self._start = self._start, None
            if self._is_known(start, message):
                await self._not_modified(start)
                return
            await self._send(start)
        await self._send(message)

    def _is_known(self, start: Message, body: Message) -> bool:
        headers = MutableHeaders(scope=start)
        if "etag" not in headers:
            if body.get("more_body", False):
                return False
            headers["ETag"] = Validator(_MOVING.sub(b"", body.get("body", b""))).etag
        elif headers["etag"].startswith('"'):
            headers["ETag"] = f"W/{headers['etag']}"  # It may be compressed on its way.
        return bool(self._if_none_match) and matches(self._if_none_match, headers["etag"])

    async def _not_modified(self, start: Message) -> None:
        self._is_over = True
        # As the whole answer would say: it may be compressed on its way, see web.compression.
        MutableHeaders(scope=start).add_vary_header("Accept-Encoding")
        headers = [each for each in start["headers"] if each[0].decode("latin-1").lower() not in _NOT_WITH_304]
        await self._send({**start, "status": 304, "headers": headers})
        await self._send({"type": "http.response.body", "body": b""})


def _is_hashed(headers: MutableHeaders) -> bool:
    if headers["cache-control"] == "no-store":
        return False
    return "etag" in headers or headers.get("content-type", "").partition(";")[0].strip() in _HASHED
