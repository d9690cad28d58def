"""For the page: answers of other workers, passed through this one, as a browser may ask only its own."""

import json
from collections.abc import Mapping

import httpx
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.reader import Reader

HEADER = "stocks-relay"
"""A request with it (any value) gets the other worker's answer in place of a redirect to it."""

_WAIT_SECONDS = 3.0
_KEPT = ("content-type", "retry-after")


class RelayMiddleware:
    """Follows redirects to workers of the group, and to nobody else, where the request asks for that."""

    def __init__(self, app: ASGIApp, reader: Reader, client: httpx.AsyncClient | None = None) -> None:
        self.app = app
        self._reader = reader
        self._client = client or relay_client({})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; a redirect to a worker of the group as that worker's answer."""
        if scope["type"] != "http" or HEADER not in Headers(scope=scope):
            await self.app(scope, receive, send)
            return
        location: str | None = None

        async def send_unless_elsewhere(message: Message) -> None:
            nonlocal location
            if message["type"] == "http.response.start" and message["status"] == 307:
                found = Headers(raw=message["headers"]).get("location", "")
                location = found if self._is_of_the_group(found) else None
            if location is None:
                await send(message)

        await self.app(scope, receive, send_unless_elsewhere)
        if location is not None:
            await self._relay(location, send)

    def _is_of_the_group(self, location: str) -> bool:
        owners = {each.owner for each in self._reader.missing_partitions() if each.owner}
        return any(location.startswith(f"{owner.rstrip('/')}/") for owner in owners)

    async def _relay(self, location: str, send: Send) -> None:
        for _ in range(3):
            try:
                answer = await self._client.get(location)
            except httpx.HTTPError:
                break
            if answer.status_code == 307 and self._is_of_the_group(answer.headers.get("location", "")):
                location = answer.headers["location"]
                continue
            if answer.status_code == 401:
                # As one's own it would have a browser log in again and again.
                where = httpx.URL(location)
                detail = f"The worker at {where.host}:{where.port} has another API_TOKEN: all must have the same."
                await _answer(send, 503, json.dumps({"detail": detail}).encode(), {"content-type": "application/json"})
                return
            kept = {name: answer.headers[name] for name in _KEPT if name in answer.headers}
            await _answer(send, answer.status_code, answer.content, kept)
            return
        where = httpx.URL(location)
        detail = f"The worker at {where.host}:{where.port}, which holds the symbol, does not answer; try again in 2 s."
        body = json.dumps({"detail": detail}).encode()
        await _answer(send, 503, body, {"content-type": "application/json", "retry-after": "2"})


def relay_client(headers: Mapping[str, str]) -> httpx.AsyncClient:
    """Asks other workers, with these headers."""
    # Workers talk to each other directly, whatever proxies the environment names. A location names its hop,
    # and after two a worker answers 503 by itself.
    return httpx.AsyncClient(headers=headers, timeout=_WAIT_SECONDS, trust_env=False, follow_redirects=False)


async def _answer(send: Send, status: int, body: bytes, headers: dict[str, str]) -> None:
    raw = [(name.encode(), value.encode()) for name, value in (headers | {"content-length": str(len(body))}).items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
