"""Lists are compressed for who takes it, streams never, and the event loop goes on meanwhile."""

import asyncio
import gzip
import json

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from web.compression import CompressionMiddleware


async def disconnected() -> Message:
    return {"type": "http.disconnect"}


async def test_a_list_is_compressed_for_who_takes_it(client: httpx.AsyncClient) -> None:
    plain = await client.get("/signals?limit=1000", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    async with client.stream("GET", "/signals?limit=1000", headers={"Accept-Encoding": "gzip"}) as answer:
        raw = b"".join([piece async for piece in answer.aiter_raw()])
    assert (answer.headers["content-encoding"], int(answer.headers["content-length"])) == ("gzip", len(raw))
    assert json.loads(gzip.decompress(raw))["signals"] == plain.json()["signals"]
    assert len(raw) < len(plain.content) / 8
    assert {each.strip() for each in answer.headers["vary"].split(",")} == {"Accept", "Accept-Encoding"}
    assert answer.headers["etag"] == plain.headers["etag"]


async def test_small_answers_stay_as_they_are(client: httpx.AsyncClient) -> None:
    answer = await client.get("/market", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in answer.headers


async def test_not_modified_has_no_body_to_compress(client: httpx.AsyncClient) -> None:
    etag = (await client.get("/signals?limit=1000")).headers["etag"]
    answer = await client.get("/signals?limit=1000", headers={"If-None-Match": etag, "Accept-Encoding": "gzip"})
    assert (answer.status_code, answer.content) == (304, b"")
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(("size", "goes_on"), [(70_000, True), (5000, False)])
async def test_the_loop_goes_on_while_a_large_answer_is_compressed(size: int, goes_on: bool) -> None:
    had_a_turn, bodies = asyncio.Event(), []

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        asyncio.get_running_loop().call_soon(had_a_turn.set)
        await send({"type": "http.response.body", "body": b"x" * size})

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            bodies.append((gzip.decompress(message["body"]), had_a_turn.is_set()))

    scope = {"type": "http", "path": "/signals", "headers": [(b"accept-encoding", b"gzip")]}
    await CompressionMiddleware(answering)(scope, disconnected, send)
    assert bodies == [(b"x" * size, goes_on)]


@pytest.mark.parametrize(
    ("path", "kind", "is_compressed"),
    [
        ("/signals", "application/json", True),
        ("/stream", "text/event-stream", False),
        ("/stream", "application/json", False),
        ("/stream/local", "application/json", False),
        ("/streams", "application/json", True),
        ("/other", "text/event-stream; charset=utf-8", False),
        ("/other", "text/tab-separated-values", False),
    ],
)
async def test_what_is_pushed_is_never_compressed(path: str, kind: str, is_compressed: bool) -> None:
    async def pushing(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind.encode())]})
        await send({"type": "http.response.body", "body": b"x" * 5000, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "path": path, "headers": [(b"accept-encoding", b"gzip")]}
    await CompressionMiddleware(pushing)(scope, disconnected, send)
    assert (dict(sent[0]["headers"]).get(b"content-encoding") == b"gzip") is is_compressed
