"""Reads server-sent events, and connects again where the stream was cut."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import cycle
from typing import Any, NamedTuple

import httpx

from app.errors import StocksError

#: The worker sends something every 10 s. After so many seconds of silence the connection is lost.
SILENCE_SECONDS = 25.0

_RETRY_MS = 2000


class StreamEvent(NamedTuple):
    """One event: its name, its id, and its JSON."""

    name: str
    id: str | None
    data: Any


class Cut(NamedTuple):
    """The connection was cut, or could not be made; a new one follows."""

    reason: str


class StreamRefused(StocksError):
    """The server refuses the request, or no server answers."""


class EventParser:
    """Turns lines into events. `retry_ms` and `last_id` are the last ones that the stream sent."""

    def __init__(self) -> None:
        self.retry_ms = _RETRY_MS
        self.last_id: str | None = None

    def events(self, lines: Iterable[str]) -> Iterator[StreamEvent]:
        """Each event as soon as it is whole; the rest of one that was cut is dropped."""
        name, id_, data = "message", None, list[str]()
        for line in lines:
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if not line:
                if data:
                    self.last_id = id_ if id_ is not None else self.last_id
                    yield StreamEvent(name, id_, json.loads("\n".join(data)))
                name, id_, data = "message", None, []
            elif field == "event":
                name = value
            elif field == "id":
                id_ = value
            elif field == "data":
                data.append(value)
            elif field == "retry" and value.isdecimal():
                self.retry_ms = int(value)


class EventStream:
    """Events of the first address that answers, and of the next when that is cut; ends only with an error.

    Raises StreamRefused when a worker refuses the request, or none answers to begin with.
    """

    def __init__(
        self,
        urls: Sequence[str],
        params: Mapping[str, str],
        wait: Callable[[float], object] = time.sleep,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._urls, self._params, self._wait = list(urls), dict(params), wait
        self._parser = EventParser()
        # Proxies of the environment are not for workers.
        timeout = httpx.Timeout(5.0, read=SILENCE_SECONDS)
        self._client = httpx.Client(headers=headers, timeout=timeout, trust_env=False)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def __iter__(self) -> Iterator[StreamEvent | Cut]:
        failed = 0
        for url in cycle(self._urls):
            try:
                for event in self._connection(url):
                    failed = 0
                    yield event
                reason = "the worker ended the stream"
            except (httpx.HTTPError, ValueError) as error:
                reason = str(error) or type(error).__name__
                failed += 1
                if failed >= len(self._urls) and self._parser.last_id is None:
                    raise StreamRefused(
                        f"No worker answers at {' or '.join(self._urls)} ({reason}): "
                        "start one with `make worker`, or name another with --url"
                    ) from None
            yield Cut(f"{url}: {reason}")
            self._wait(self._parser.retry_ms / 1000)

    def _connection(self, url: str) -> Iterator[StreamEvent]:
        headers = {"Last-Event-ID": self._parser.last_id} if self._parser.last_id else {}
        with self._client.stream("GET", f"{url.rstrip('/')}/stream", params=self._params, headers=headers) as answer:
            if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
                answer.raise_for_status()
            if answer.status_code != httpx.codes.OK:
                answer.read()
                raise StreamRefused(f"{url} refuses the stream ({answer.status_code}): {_detail(answer)}")
            yield from self._parser.events(_lines(answer.iter_text()))


def _lines(chunks: Iterable[str]) -> Iterator[str]:
    """Lines by their line feeds: JSON may hold other characters that httpx takes for ends of lines."""
    rest = ""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split("\n")
        for line in lines:
            yield line.removesuffix("\r")


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, LookupError, TypeError):
        return answer.text[:200]
