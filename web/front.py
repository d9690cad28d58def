"""One address for several workers: each request goes to one of them, or to the next if that one cannot answer.

Workers are the addresses that one name stands for, as Docker's and Kubernetes' name servers have it for replicas.
"""

import asyncio
import logging
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from http import HTTPStatus

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from app.asgi.answer import problem
from app.asgi.listen import bracketed

log = logging.getLogger(__name__)

Resolve = Callable[[], Awaitable[Sequence[str]]]

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_SAFE = ("GET", "HEAD", "OPTIONS")
# Of one connection, not of what is passed on.
_HOP = {
    *(b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization"),
    *(b"te", b"trailer", b"transfer-encoding", b"upgrade"),
}
# A stream is silent between two heartbeats, so reading has no limit.
_TIMEOUT = httpx.Timeout(connect=2.0, read=None, write=30.0, pool=5.0)
_LIMITS = httpx.Limits(max_connections=2000, max_keepalive_connections=50)
#: Until an answer begins; a worker waits at most some 14 s, for positions and for the others.
BEGIN_SECONDS, SPARED_SECONDS = 20.0, 30.0
#: For so long a worker that is not ready is passed over for the next.
AGAIN_WITHIN_SECONDS = 4.0
_AGAIN_SECONDS = "2"


def replicas(workers: str) -> Resolve:
    """What looks up `workers` ("host:port"): the addresses "ip:port" that the name has now, none where it has none."""
    host, _, port = workers.rpartition(":")

    async def resolve() -> list[str]:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, int(port), type=socket.SOCK_STREAM)
        except OSError:
            return []
        return sorted({f"{bracketed(str(address[0]))}:{port}" for *_, address in found})

    return resolve


class Front:
    """The ASGI application. It stays with a worker as long as that one answers: a page would flicker otherwise."""

    def __init__(
        self,
        resolve: Resolve,
        workers: str,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
        begin_seconds: float = BEGIN_SECONDS,
    ) -> None:
        """`resolve` gives the addresses of `workers`, the name by which errors call them."""
        self._resolve = resolve
        self._workers = workers
        self._clock = clock
        self._begin_seconds = begin_seconds
        self._client = httpx.AsyncClient(
            timeout=_TIMEOUT, limits=_LIMITS, trust_env=False, follow_redirects=False, transport=transport
        )
        self._last: str | None = None
        self._silent: dict[str, float] = {}
        self.app = Starlette(routes=[Route("/{path:path}", self._pass_on, methods=_METHODS)])

    async def _pass_on(self, request: Request) -> Response:
        unready: httpx.Response | None = None
        until = self._clock() + AGAIN_WITHIN_SECONDS
        for address in await self._in_turn():
            if unready is not None and self._clock() > until:
                break  # The others would wait for the same thing.
            try:
                async with asyncio.timeout(self._begin_seconds):
                    answer = await self._client.send(self._copy(request, address), stream=True)
            except TimeoutError:
                self._silent[address] = self._clock() + SPARED_SECONDS
                if request.method in _SAFE:
                    continue
                return _unavailable(f"The worker at {address} does not answer: look before you repeat it.")
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
            except httpx.HTTPError as error:
                if request.method in _SAFE:
                    continue  # It ended during the request; another worker can be asked instead.
                return _unavailable(
                    f"The worker at {address} broke off ({type(error).__name__}): look before you repeat it."
                )
            if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE or request.method not in _SAFE:
                if unready is not None:
                    await unready.aclose()
                self._last = address
                return _streamed(answer)
            if unready is not None:
                await unready.aclose()
            unready = answer
        if unready is not None:
            return _streamed(unready)
        return _unavailable(
            f"No worker answers at {self._workers}: they may be starting; try again in {_AGAIN_SECONDS} s."
        )

    async def _in_turn(self) -> list[str]:
        """The one that answered last, then the others."""
        now = self._clock()
        return sorted(await self._resolve(), key=lambda each: (self._silent.get(each, 0.0) > now, each != self._last))

    def _copy(self, request: Request, address: str) -> httpx.Request:
        headers = [(name, value) for name, value in request.headers.raw if name not in _HOP]
        url = httpx.URL(f"http://{address}", raw_path=_raw_path(request))
        has_body = any(name in (b"content-length", b"transfer-encoding") for name, _ in request.headers.raw)
        # Not the client's own: it would add headers, and the cookies that other people's answers have set.
        return httpx.Request(request.method, url, headers=headers, content=request.stream() if has_body else None)


def _raw_path(request: Request) -> bytes:
    path: bytes = request.scope.get("raw_path") or request.url.path.encode()
    query: bytes = request.scope["query_string"]
    return path + (b"?" + query if query else b"")


def _streamed(answer: httpx.Response) -> Response:
    response = StreamingResponse(_body(answer), status_code=answer.status_code)
    passed_on = ((name.lower(), value) for name, value in answer.headers.raw)
    # This server says the date itself.
    response.raw_headers = [(name, value) for name, value in passed_on if name not in _HOP and name != b"date"]
    return response


async def _body(answer: httpx.Response) -> AsyncIterator[bytes]:
    """The bytes as they come; the connection to the worker is closed when the client has gone."""
    try:
        async for chunk in answer.aiter_raw():
            yield chunk
    except httpx.HTTPError:
        # A client of a stream comes again with its last id; any other is to see that its answer is not whole.
        if not answer.headers.get("content-type", "").startswith("text/event-stream"):
            raise
    finally:
        await answer.aclose()


def _unavailable(detail: str) -> Response:
    headers, body = problem(HTTPStatus.SERVICE_UNAVAILABLE, detail)
    return Response(body, HTTPStatus.SERVICE_UNAVAILABLE, {**headers, "retry-after": _AGAIN_SECONDS})
