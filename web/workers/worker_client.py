"""Sends requests to other workers; no other module does."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import httpx

from web.workers.part import MEDIA_TYPE, VERSION, NotAPart, WorkerPart, read_part, version_of

log = logging.getLogger(__name__)

DEADLINE_SECONDS = 2.0
"""How long other workers may take to answer, all of them together, whatever a request asks them."""

#: For so long a worker that did not answer in time is not asked again, so that the next request need not wait.
_SPARED_SECONDS = 1.0

#: So many questions to one worker at once, and as many that wait for positions: each is a connection here and there.
AT_ONCE = 64

#: No answer may be longer; the newest signals of 11,000 symbols are 14 MB.
MOST_BYTES = 64 * 1024 * 1024

#: An error's sentence and what goes with it is shorter.
_MOST_ERROR_BYTES = 256 * 1024


class NoAnswerError(Exception):
    """A worker that cannot be asked, takes too long, or answers something else; the message says which."""


class OtherVersionError(NoAnswerError):
    """A worker whose form of answers this one does not read, as during an upgrade."""


class RefusedError(Exception):
    """An answer other than 200: its status, the fields of its body, and after how many seconds to ask again."""

    def __init__(self, status: int, body: Mapping[str, Any], retry_after: str | None) -> None:
        super().__init__(str(body.get("detail", f"it answered {status}")))
        self.status = status
        self.body = dict(body)
        self.retry_after = retry_after

    @property
    def is_recovering(self) -> bool:
        """Whether it says that its tables are being restored."""
        return self.status == httpx.codes.SERVICE_UNAVAILABLE and self.body.get("recovering") is True


class WorkerClient:
    """Asks workers over HTTP at their base URLs, which must come from the consumer group.

    `headers` go with each request. Redirects are not followed, and proxies of the environment are not for workers.
    """

    def __init__(
        self,
        headers: Mapping[str, str] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
        deadline: float = DEADLINE_SECONDS,
        most_bytes: int = MOST_BYTES,
        at_once: int = AT_ONCE,
    ) -> None:
        # Compressed answers would be no bound for memory.
        self._headers = {"Accept": MEDIA_TYPE, "Accept-Encoding": "identity", **(headers or {})}
        self._transport = transport
        self._clock = clock
        self._deadline = deadline
        self._most_bytes, self._at_once = most_bytes, at_once
        self._client: httpx.AsyncClient | None = None
        self._gates: dict[tuple[str, bool], asyncio.Semaphore] = {}
        #: Until when those are spared that did not answer in time.
        self._spared: dict[str, float] = {}
        #: Those that did not answer when they were asked last, so that the log says it once.
        self._silent: set[str] = set()

    def until(self) -> float:
        """By when the questions of a request that begins now must be answered, by this client's clock."""
        return self._clock() + self._deadline

    async def part(
        self,
        url: str,
        path: str,
        query: Mapping[str, Any],
        most_lines: int | None = None,
        wait: float = 0.0,
        until: float | None = None,
    ) -> WorkerPart:
        """The worker's own part of an answer, for which it may wait so many seconds.

        `until` is the end of the time that all questions of a request have, see there; a quarter of it is left to
        each, so that nobody is left out because another one was silent. Raises NoAnswerError and RefusedError.
        """
        seconds = self._deadline + wait
        left = seconds if until is None else min(seconds, max(until - self._clock() + wait, self._deadline / 4))
        try:
            if self._spared.get(url, 0.0) > self._clock():
                raise NoAnswerError(f"it did not answer within {seconds:g} s a moment ago")
            try:
                gate = self._gates.setdefault((url, wait > 0), asyncio.Semaphore(self._at_once))
                if wait and gate.locked():
                    raise NoAnswerError(f"{self._at_once} questions wait for it already")
                async with asyncio.timeout(left), gate:
                    part = await self._ask(f"{url.rstrip('/')}{path}?{urlencode(query, doseq=True)}", most_lines)
            except TimeoutError:
                if left > seconds / 2:
                    self._spared[url] = self._clock() + _SPARED_SECONDS
                raise NoAnswerError(f"it did not answer within {left:.2g} s") from None
        except NoAnswerError as error:
            if url not in self._silent:
                self._silent.add(url)
                log.warning("The worker at %s cannot be asked: %s", url, error)
            raise
        except RefusedError:
            self._silent.discard(url)
            raise
        if url in self._silent:
            self._silent.discard(url)
            log.info("The worker at %s answers again", url)
        return part

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()

    async def _ask(self, address: str, most_lines: int | None) -> WorkerPart:
        for is_last in (False, True):
            try:
                async with self._http().stream("GET", address) as answer:
                    return await self._read(answer, most_lines)
            except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError) as error:
                # Most often a connection that lay idle, which the other side closed just now.
                if is_last:
                    raise NoAnswerError(f"{type(error).__name__}: {error}") from error
            except (httpx.HTTPError, httpx.InvalidURL, NotAPart) as error:
                raise NoAnswerError(f"{type(error).__name__}: {error}") from error
        raise AssertionError("unreachable")

    async def _read(self, answer: httpx.Response, most_lines: int | None) -> WorkerPart:
        if answer.status_code != httpx.codes.OK:
            content = b"".join([chunk async for chunk in _bounded(answer, _MOST_ERROR_BYTES)])
            raise _refused(answer, content)
        version = version_of(answer.headers.get("content-type", ""))
        if version != VERSION:
            # Those before the first form with a number take the question for a person's.
            says = f"version {version}" if version else "an older version"
            raise OtherVersionError(
                f"it answers other workers in {says} of their form, this one reads version {VERSION}"
            )
        return await read_part(_bounded(answer, self._most_bytes), most_lines)

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            # Workers speak plain HTTP, and a context for TLS takes 25 ms to make.
            self._client = httpx.AsyncClient(
                headers=self._headers,
                transport=self._transport,
                trust_env=False,
                verify=False,  # noqa: S501
                follow_redirects=False,
                # With a bound for all, requests to a frozen worker would keep those to the others waiting.
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=50),
                timeout=None,  # noqa: S113 - one deadline holds for all of it.
            )
        return self._client


async def _bounded(answer: httpx.Response, most: int) -> AsyncIterator[bytes]:
    count = 0
    async for chunk in answer.aiter_raw():
        count += len(chunk)
        if count > most:
            raise NotAPart(f"more than {most} bytes")
        yield chunk


def _refused(answer: httpx.Response, content: bytes) -> RefusedError:
    try:
        body = json.loads(content)
    except ValueError:
        body = None
    if answer.status_code == httpx.codes.NOT_ACCEPTABLE and isinstance(body, dict):
        raise OtherVersionError(str(body.get("detail", "it does not know this form")))
    # What else it may say, such as 401, is about workers, and nothing for a client.
    if answer.status_code not in (404, 422, 503) or not isinstance(body, dict) or "detail" not in body:
        raise NotAPart(f"it answered {answer.status_code}")
    return RefusedError(answer.status_code, body, answer.headers.get("retry-after"))
