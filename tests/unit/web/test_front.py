"""One address for several workers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

import httpx
import pytest

from web.front import AGAIN_WITHIN_SECONDS, Front, replicas

Handler = Callable[[httpx.Request], httpx.Response]
ONE, TWO = "10.0.0.1:8001", "10.0.0.2:8001"


class FakeWorkers:
    """Workers by address; those that are not in `answers` refuse to be connected to. Each answer takes `seconds`."""

    def __init__(self) -> None:
        self.now, self.seconds = 100.0, 0.0
        self.there: Sequence[str] = (ONE, TWO)
        self.answers: dict[str, Handler] = {}
        self.asked: list[httpx.Request] = []

    async def resolve(self) -> Sequence[str]:
        return self.there

    async def handle(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        address = request.url.netloc.decode()
        if address not in self.answers:
            raise httpx.ConnectError("refused", request=request)
        self.asked.append(request)
        self.now += self.seconds
        return self.answers[address](request)

    def addresses(self) -> list[str]:
        return [request.url.netloc.decode() for request in self.asked]


@pytest.fixture
def workers() -> FakeWorkers:
    return FakeWorkers()


@pytest.fixture
async def client(workers: FakeWorkers) -> AsyncIterator[httpx.AsyncClient]:
    front = Front(workers.resolve, "worker:8001", httpx.MockTransport(workers.handle), clock=lambda: workers.now)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(front.app), base_url="http://127.0.0.1:8001") as client:
        yield client


def says(text: str, status: int = 200, **headers: str) -> Handler:
    return lambda _: httpx.Response(status, stream=Body(text.encode()), headers=headers)


class Body(httpx.AsyncByteStream):
    """What comes over a connection: read once."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._content


async def test_question_and_answer_are_passed_on_as_they_are(client: httpx.AsyncClient, workers: FakeWorkers) -> None:
    workers.answers[ONE] = says("yes", 201, etag='"7"', connection="keep-alive")
    answer = await client.post("/a%2Fb?x=1&x=%20", content=b"body", headers={"Authorization": "Bearer t"})
    assert (answer.status_code, answer.text, answer.headers["etag"]) == (201, "yes", '"7"')
    assert "connection" not in answer.headers
    (asked,) = workers.asked
    assert (asked.method, asked.url.raw_path, asked.content) == ("POST", b"/a%2Fb?x=1&x=%20", b"body")
    assert (asked.headers["host"], asked.headers["authorization"]) == ("127.0.0.1:8001", "Bearer t")


async def test_it_stays_with_a_worker_as_long_as_that_answers(client: httpx.AsyncClient, workers: FakeWorkers) -> None:
    workers.answers[TWO] = says("two")
    await client.get("/signals")
    workers.answers[ONE] = says("one")
    await client.get("/signals")
    del workers.answers[TWO]
    await client.get("/signals")
    assert workers.addresses() == [TWO, TWO, ONE]


async def test_a_worker_that_is_not_ready_is_passed_over(client: httpx.AsyncClient, workers: FakeWorkers) -> None:
    workers.answers = {ONE: says("recovering", 503), TWO: says("two")}
    assert (await client.get("/signals")).text == "two"
    assert (await client.get("/signals")).text == "two"
    assert workers.addresses() == [ONE, TWO, TWO]


async def test_where_none_is_ready_the_answer_says_why(client: httpx.AsyncClient, workers: FakeWorkers) -> None:
    workers.answers = {ONE: says("recovering", 503), TWO: says("recovering too", 503)}
    answer = await client.get("/ready")
    assert (answer.status_code, answer.text) == (503, "recovering too")


@pytest.mark.parametrize("there", [(), (ONE, TWO)])
async def test_where_nobody_answers_it_says_so(
    client: httpx.AsyncClient, workers: FakeWorkers, there: Sequence[str]
) -> None:
    workers.there = there
    answer = await client.get("/ready")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert answer.json()["detail"].startswith("No worker answers at worker:8001")


async def test_a_question_that_a_worker_died_of_is_asked_again_only_where_that_is_safe(
    client: httpx.AsyncClient, workers: FakeWorkers
) -> None:
    def dies(request: httpx.Request) -> httpx.Response:
        raise httpx.RemoteProtocolError("gone", request=request)

    workers.answers = {ONE: dies, TWO: says("two")}
    assert (await client.get("/signals")).text == "two"
    workers.answers = {TWO: dies, ONE: says("one")}
    answer = await client.post("/signals", content=b"")
    assert answer.status_code == 503
    assert "broke off" in answer.json()["detail"]


class EndlessStream(httpx.AsyncByteStream):
    """Two chunks, then what a worker that was killed leaves."""

    def __init__(self, request: httpx.Request) -> None:
        self._request = request
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"data: 1\n\n"
        await asyncio.sleep(0)
        yield b"data: 2\n\n"
        raise httpx.ReadError("reset", request=self._request)

    async def aclose(self) -> None:
        self.closed = True


@pytest.mark.parametrize(
    ("kind", "ends_well"), [("text/event-stream; charset=utf-8", True), ("application/json", False)]
)
async def test_a_stream_that_is_cut_ends_and_any_other_answer_is_seen_to_be_cut(
    client: httpx.AsyncClient, workers: FakeWorkers, kind: str, ends_well: bool
) -> None:
    streams: list[EndlessStream] = []

    def stream(request: httpx.Request) -> httpx.Response:
        streams.append(EndlessStream(request))
        return httpx.Response(200, stream=streams[0], headers={"content-type": kind})

    workers.answers[ONE] = stream
    if ends_well:
        assert (await client.get("/stream")).text == "data: 1\n\ndata: 2\n\n"
    else:
        with pytest.raises(httpx.ReadError):
            await client.get("/signals")
    assert streams[0].closed


async def test_a_name_is_all_its_addresses_and_none_where_there_is_none() -> None:
    assert "127.0.0.1:8001" in await replicas("localhost:8001")()
    assert await replicas("no-such-host.invalid:8001")() == []


async def test_what_one_person_is_given_nobody_else_sends(client: httpx.AsyncClient, workers: FakeWorkers) -> None:
    """The client to the workers must not keep the cookie of a login, nor ask for gzip in the name of who does not."""
    workers.answers[ONE] = says("", 303, **{"set-cookie": "stocks_login_ab=1.2; HttpOnly; Path=/; Max-Age=604800"})
    await client.post("/login", content=b"token=t")
    client.cookies.clear()
    for name in ("accept", "accept-encoding", "user-agent", "connection"):
        del client.headers[name]
    await client.get("/signals")
    assert set(workers.asked[-1].headers) == {"host"}


async def test_a_worker_that_is_frozen_is_passed_over_and_not_asked_first_again(workers: FakeWorkers) -> None:
    async def frozen(request: httpx.Request) -> httpx.Response:
        workers.asked.append(request)
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    handle = workers.handle

    async def either(request: httpx.Request) -> httpx.Response:
        return await (frozen if request.url.netloc == ONE.encode() else handle)(request)

    transport = httpx.MockTransport(either)
    front = Front(workers.resolve, "worker:8001", transport, clock=lambda: workers.now, begin_seconds=1.0)
    workers.answers[TWO] = says("two")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(front.app), base_url="http://front") as asking:
        for _ in range(2):
            assert (await asking.get("/signals")).text == "two"
        workers.there = (ONE,)
        assert (await asking.post("/login", content=b"")).status_code == 503
    assert workers.addresses() == [ONE, TWO, TWO, ONE]


async def test_what_all_workers_wait_for_is_not_waited_for_at_each(
    client: httpx.AsyncClient, workers: FakeWorkers
) -> None:
    workers.seconds = AGAIN_WITHIN_SECONDS + 1
    workers.answers = {ONE: says("stale", 503), TWO: says("stale too", 503)}
    assert (await client.get("/signals")).text == "stale"
