"""Connections: half-open ones, too many, and requests that cannot be read. With a real server and real sockets."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext, suppress
from functools import partial
from typing import Any

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from app.asgi.answer import answer
from app.asgi.limits import MOST_HEAD
from app.asgi.protocol import BoundedProtocol, server_options
from tests.unit.asgi.asking import hello

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Server:
    """A server; `connect` opens connections that are closed in the end."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.opened: list[asyncio.StreamWriter] = []

    async def connect(self, *parts: bytes) -> Streams:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.opened.append(writer)
        for part in parts:
            writer.write(part)
        return reader, writer


@asynccontextmanager
async def serving(app: ASGIApp = hello, most: int = 100, seconds: float = 0.2) -> AsyncIterator[Server]:
    options: dict[str, Any] = {**server_options(most), "http": partial(BoundedProtocol, most=most, seconds=seconds)}
    running = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, **options))
    running.capture_signals = nullcontext  # type: ignore[assignment]
    with socket.create_server(("127.0.0.1", 0)) as sock:
        task = asyncio.create_task(running.serve([sock]))
        server = Server(sock.getsockname()[1])
        try:
            async with asyncio.timeout(30):
                yield server
        finally:
            for writer in server.opened:
                writer.close()
            running.should_exit = True
            await task


async def drip(streams: Streams, data: bytes) -> bytes:
    """All that comes while a client sends byte after byte, until the server has ended the connection."""
    reader, writer = streams
    reading = asyncio.create_task(all_that_comes(reader))
    for byte in data:
        writer.write(bytes([byte]))
        done, _ = await asyncio.wait({reading}, timeout=0.02)
        if done:
            break
    return await reading


async def all_that_comes(reader: asyncio.StreamReader) -> bytes:
    """Taken as it comes: a connection that is reset throws away what was not taken by then."""
    came = b""
    with suppress(ConnectionError):
        while some := await reader.read(4096):
            came += some
    return came


@pytest.mark.parametrize("begun", [b"", b"G", b"GET / HTTP/1.1\r\nHost: x\r\n"])
async def test_a_connection_without_a_whole_request_ends(begun: bytes) -> None:
    async with serving() as server:
        reader, _ = await server.connect(begun)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)


async def test_byte_after_byte_does_not_help() -> None:
    async with serving() as server:
        assert await drip(await server.connect(), b"GET / HTTP/1.1\r\n" + b"X: " + b"a" * 5000) == b""


async def test_nor_does_a_body_that_nobody_waits_for() -> None:
    async with serving() as server:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n"
        assert b"hello" in await drip(await server.connect(head), b"a" * 5000)


async def test_nor_a_second_request_that_is_never_finished() -> None:
    async with serving() as server:
        reader, writer = await server.connect(GET)
        await reader.readuntil(b"hello")
        assert b"HTTP" not in await drip((reader, writer), b"G" * 5000)


async def test_an_answer_may_take_longer() -> None:
    waited = asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        asyncio.get_running_loop().call_later(0.5, waited.set)
        await waited.wait()
        await send({"type": "http.response.body", "body": b"late"})

    async with serving(slow) as server:
        reader, _ = await server.connect(GET)
        assert b"late" in await reader.readuntil(b"late")


async def test_a_client_that_takes_nothing_of_its_answer_is_let_go() -> None:
    gone = asyncio.Event()

    async def large(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": bytes(16_000_000), "more_body": True})
        await receive()
        while (await receive())["type"] != "http.disconnect":
            pass
        gone.set()

    async with serving(large, seconds=0.5) as server:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with sock:
            sock.connect(("127.0.0.1", server.port))
            sock.sendall(GET)
            await gone.wait()


async def test_one_more_than_may_be_is_refused_and_the_others_stay() -> None:
    async with serving(most=2, seconds=20) as server:
        first, _ = await server.connect(GET), await server.connect(GET)
        await first[0].readuntil(b"hello")
        refused, _ = await server.connect()
        said = await refused.read()
        assert said.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 2" in said
        assert b"nosniff" in said
        first[1].write(GET)
        await first[0].readuntil(b"hello")
        first[1].close()
        await first[1].wait_closed()
        # The server may not have seen the end of the first one yet.
        while b"hello" not in await one_answer(server):
            pass


async def one_answer(server: Server) -> bytes:
    reader, _ = await server.connect(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    try:
        return await reader.read()
    except ConnectionError:
        return b""


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * (MOST_HEAD + 100_000), b"431"),
    ],
    ids=lambda value: str(value)[:50],
)
async def test_what_cannot_be_read_gets_a_clear_answer_and_no_line_in_the_log(
    sent: bytes, status: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with serving() as server:
        reader, _ = await server.connect(sent)
        said = await reader.readuntil(b"}")
    assert said.startswith(b"HTTP/1.1 " + status)
    assert b'"detail": "' in said
    assert b"content-security-policy: default-src 'none'" in said
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_a_body_that_cannot_be_read_is_not_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    async def reading(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        await answer(send, 200, {}, b"too late")

    async with serving(reading, seconds=20) as server:
        reader, writer = await server.connect(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        writer.write(b"no length\r\n")
        said = await reader.read()
    assert said.startswith(b"HTTP/1.1 400 ")
    assert b"too late" not in said
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_garbage_behind_a_request_ends_the_connection_quietly(caplog: pytest.LogCaptureFixture) -> None:
    async with serving() as server:
        reader, _ = await server.connect(GET + b"\x00garbage\r\n\r\n")
        assert (await reader.read()).count(b"HTTP/1.1") == 2
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_a_websocket_is_answered_as_any_other_request(caplog: pytest.LogCaptureFixture) -> None:
    upgrade = GET.replace(b"\r\n\r\n", b"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    async with serving() as server:
        reader, _ = await server.connect(upgrade)
        assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200 ")
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_where_the_system_allows_fewer_connections_that_is_said(caplog: pytest.LogCaptureFixture) -> None:
    assert server_options(2000, allow=lambda count: 1024)["http"].keywords == {"most": 524}
    assert "524 connections open, not 2000" in caplog.text


async def test_answers_have_their_length() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await answer(send, 200, {}, b"four")

    async with serving(app) as server:
        reader, _ = await server.connect(GET)
        assert b"content-length: 4" in await reader.readuntil(b"four")
