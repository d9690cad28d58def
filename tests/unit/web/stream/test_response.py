"""How a client's events are written: with time limits, and noticing who has gone."""

import asyncio
from typing import Any

from starlette.types import Message

from app.asgi.security_headers import SECURITY, SecurityHeaders
from tests.unit.web.stream.made import MemoryTopic, parse
from web.http_connection import WithConnection
from web.stream import Push
from web.stream.filter import StreamFilter
from web.stream.response import StreamResponse


class Connection:
    """A server's side of one request."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.gone = asyncio.Event()
        self.is_frozen = False
        self.changed = asyncio.Event()

    async def receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if self.is_frozen:
            await asyncio.Event().wait()
        self.sent.append(message)
        self.changed.set()

    async def until(self, text: bytes) -> None:
        async with asyncio.timeout(20):
            while text not in self.body:
                self.changed.clear()
                await self.changed.wait()

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)


def answering(push: Push, connection: Connection, **scope: Any) -> "asyncio.Task[None]":
    response = StreamResponse(push.client(StreamFilter(None), None), send_seconds=0.2)
    app = WithConnection(response)
    return asyncio.create_task(app({"type": "http", **scope}, connection.receive, connection.send))


async def test_headers_and_events(push: Push, topic: MemoryTopic) -> None:
    connection = Connection()
    task = answering(push, connection)
    await connection.until(b"event: snapshot")
    headers = dict(connection.sent[0]["headers"])
    assert headers[b"content-type"].startswith(b"text/event-stream")
    assert (headers[b"cache-control"], headers[b"connection"]) == (b"no-store", b"close")
    topic.add()
    await connection.until(b"event: signal")
    assert connection.body.startswith(b"retry: ")
    assert [event.name for event in parse(connection.body)] == ["snapshot", "signal"]
    push.close()
    await task
    assert connection.sent[-1] == {"type": "http.response.body", "body": b""}


async def test_who_has_gone_is_let_go(push: Push) -> None:
    connection = Connection()
    task = answering(push, connection)
    await connection.until(b"event: snapshot")
    assert len(push.hub.listeners) == 1
    connection.gone.set()
    async with asyncio.timeout(20):
        await task
    assert not push.hub.listeners


async def test_who_takes_nothing_is_cut(push: Push, topic: MemoryTopic) -> None:
    connection = Connection()
    task = answering(push, connection)
    await connection.until(b"event: snapshot")
    connection.is_frozen = True
    topic.add()
    async with asyncio.timeout(20):
        await task
    assert not push.hub.listeners


async def test_the_end_of_the_worker_ends_even_who_takes_nothing(push: Push, topic: MemoryTopic) -> None:
    connection = Connection()
    task = answering(push, connection)
    await connection.until(b"event: snapshot")
    connection.is_frozen = True
    push.close()
    async with asyncio.timeout(2):
        await task


async def test_head_ends_at_once(push: Push) -> None:
    connection = Connection()
    async with asyncio.timeout(20):
        await answering(push, connection, is_head=True)
    assert connection.body == b""
    assert not push.hub.listeners


async def test_it_has_the_headers_of_all_answers_though_it_goes_around_what_adds_them(push: Push) -> None:
    connection = Connection()
    app = WithConnection(SecurityHeaders(StreamResponse(push.client(StreamFilter(None), None))))
    task = asyncio.create_task(app({"type": "http"}, connection.receive, connection.send))
    await connection.until(b"event: snapshot")
    names = [name for name, _ in connection.sent[0]["headers"]]
    assert [names.count(name) for name, _ in SECURITY] == [1] * len(SECURITY)
    push.close()
    await task
