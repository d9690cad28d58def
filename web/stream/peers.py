"""Asking other workers for the newest signals in their tables, and answering when they ask."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping

import httpx

from app.turns import in_turns
from web.stream.snapshot import DEADLINE, Answer, Newest

PATH = "/stream/local"


class HttpPeers:
    """Asks over HTTP. Addresses must come from the consumer group."""

    def __init__(self, headers: Mapping[str, str] | None = None) -> None:
        self._headers = headers
        self._client: httpx.AsyncClient | None = None

    async def newest(self, url: str, run_id: str, symbols: frozenset[str] | None) -> Answer | None:
        """What the worker there has; None when it cannot be asked in time."""
        params = {"run": run_id} | ({"symbols": ",".join(sorted(symbols))} if symbols is not None else {})
        try:
            async with asyncio.timeout(DEADLINE):
                async with self._http().stream("GET", f"{url.rstrip('/')}{PATH}", params=params) as answer:
                    if answer.status_code != httpx.codes.OK:
                        return None
                    return await read_answer(_lines(answer.aiter_bytes()))
        except (httpx.HTTPError, TimeoutError, ValueError, StopAsyncIteration):
            return None

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            # Workers speak plain HTTP, and a context for TLS takes 25 ms to make. Proxies are not for them.
            self._client = httpx.AsyncClient(
                headers=self._headers,
                trust_env=False,
                verify=False,  # noqa: S501
                timeout=DEADLINE,
            )
        return self._client


async def write_answer(answer: Answer) -> AsyncIterator[bytes]:
    """A line for the partitions, then one for each symbol: bar's start, revision, symbol, signal."""
    yield json.dumps([sorted(answer.partitions), answer.is_recovering]).encode() + b"\n"
    lines: list[bytes] = []
    async for symbol, newest in in_turns(answer.newest.items()):
        lines.append(
            b"%d\t%d\t%s\t%s\n" % (newest.timestamp, newest.revision, json.dumps(symbol).encode(), newest.json)
        )
        if len(lines) == 50:
            yield b"".join(lines)
            lines = []
    yield b"".join(lines)


async def read_answer(lines: AsyncIterator[bytes]) -> Answer:
    """The answer again. Raises ValueError, StopAsyncIteration."""
    partitions, is_recovering = json.loads(await anext(lines))
    found: dict[str, Newest] = {}
    async for line in lines:
        timestamp, revision, symbol, signal = line.split(b"\t", 3)
        found[json.loads(symbol)] = Newest(int(timestamp), int(revision), signal)
    return Answer(frozenset(partitions), is_recovering, found)


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Lines by their line feeds alone: httpx takes other characters for ends of lines too."""
    rest = b""
    async for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        async for line in in_turns(lines):
            yield line
    if rest:
        raise ValueError("the answer was cut")
