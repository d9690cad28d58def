"""Requests to another worker: time limits, bounds, and what counts as no answer."""

import asyncio
import logging
from collections.abc import AsyncIterator

import httpx
import pytest

from web.line import Line
from web.workers.part import MEDIA_TYPE, WorkerPart, write_part
from web.workers.worker_client import NoAnswerError, OtherVersionError, RefusedError, WorkerClient

URL = "http://other:8001"

#: In seconds. Who is silent raises TimeoutError, as if it had passed: on a busy machine an answer may miss a short one.
DEADLINE = 80.0


class Other(httpx.AsyncBaseTransport):
    """One worker: it gives the answers that it was given, one after another, the last for ever."""

    def __init__(self, *answers: httpx.Response | Exception | None) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is None:
            await asyncio.Event().wait()
        if isinstance(answer, Exception):
            raise answer
        assert answer is not None
        # As from a socket, where what was read is gone.
        is_read = answer.is_stream_consumed
        return (
            httpx.Response(answer.status_code, headers=answer.headers, stream=Content(answer.content))
            if is_read
            else answer
        )


async def an_answer(lines: int = 2) -> httpx.Response:
    part = WorkerPart({"total": lines}, [Line(number, "A", 0, b"{}") for number in range(lines)])
    content = b"".join([piece async for piece in write_part(part)])
    return httpx.Response(200, headers={"content-type": MEDIA_TYPE}, stream=Content(content))


class Content(httpx.AsyncByteStream):
    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._content), 64):
            yield self._content[start : start + 64]


async def test_the_part_comes_with_what_was_asked_for_and_the_headers() -> None:
    other = Other(await an_answer())
    client = WorkerClient({"Authorization": "Bearer secret"}, other)
    part = await client.part(f"{URL}/", "/signals", {"run": "a b", "action": ["BUY", "SELL"], "scope": "local"})
    assert part.head == {"total": 2}
    (request,) = other.asked
    assert str(request.url) == f"{URL}/signals?run=a+b&action=BUY&action=SELL&scope=local"
    assert request.headers["authorization"] == "Bearer secret"
    assert (request.headers["accept"], request.headers["accept-encoding"]) == (MEDIA_TYPE, "identity")
    await client.close()


async def test_who_does_not_answer_in_time_is_spared_for_a_moment(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    now = 10.0
    other = Other(TimeoutError(), await an_answer())
    client = WorkerClient(transport=other, clock=lambda: now, deadline=DEADLINE)
    with pytest.raises(NoAnswerError, match=r"within 80 s$"):
        await client.part(URL, "/signals", {})
    with pytest.raises(NoAnswerError, match="a moment ago"):
        await client.part(URL, "/signals", {})
    assert len(other.asked) == 1
    now += 1.1
    assert (await client.part(URL, "/signals", {})).head == {"total": 2}
    assert [record.message for record in caplog.records if record.name == "web.workers.worker_client"] == [
        f"The worker at {URL} cannot be asked: it did not answer within 80 s",
        f"The worker at {URL} answers again",
    ]


async def test_what_is_waited_for_is_added_to_the_deadline() -> None:
    client = WorkerClient(transport=Other(None), deadline=0.01)
    with pytest.raises(NoAnswerError, match=r"within 0.03 s"):
        await client.part(URL, "/signals", {}, wait=0.02)


async def test_the_questions_of_one_request_have_one_time_for_all_of_them() -> None:
    now = 10.0
    other = Other(await an_answer(), TimeoutError(), await an_answer(), TimeoutError())
    client = WorkerClient(transport=other, clock=lambda: now, deadline=DEADLINE)
    until = client.until()
    assert (await client.part(URL, "/runs", {}, until=until)).head == {"total": 2}
    now += 40
    with pytest.raises(NoAnswerError, match=r"within 40 s$"):
        await client.part(URL, "/signals", {}, until=until)
    now += 40
    # A quarter is left to each: nobody is left out because another one was silent.
    assert (await client.part(URL, "/symbols", {}, until=until)).head == {"total": 2}
    with pytest.raises(NoAnswerError, match=r"within 20 s$"):
        await client.part(URL, "/symbols", {}, until=until - 50)
    # Who had little of that time is not spared, who had most of it is.
    with pytest.raises(NoAnswerError, match=r"within 76 s$"):
        await client.part(URL, "/signals", {}, until=now + 76)
    with pytest.raises(NoAnswerError, match="a moment ago"):
        await client.part(URL, "/signals", {})
    assert [request.url.path for request in other.asked] == ["/runs", "/signals", "/symbols", "/symbols", "/signals"]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (httpx.Response(200, json={"signals": []}), "in an older version"),
        (httpx.Response(200, headers={"content-type": "application/x-stock-signals-part"}), "in version 1 of"),
        (httpx.Response(200, headers={"content-type": f"{MEDIA_TYPE}7"}), r"in version \d7 of"),
        (httpx.Response(406, json={"detail": "This worker answers in version 9."}), "in version 9"),
    ],
)
async def test_a_worker_of_another_version_is_told_from_one_that_is_silent(answer: httpx.Response, why: str) -> None:
    with pytest.raises(OtherVersionError, match=why):
        await WorkerClient(transport=Other(answer)).part(URL, "/signals", {})


async def test_a_connection_that_was_closed_meanwhile_is_opened_again() -> None:
    other = Other(httpx.RemoteProtocolError("gone"), await an_answer())
    assert (await WorkerClient(transport=other).part(URL, "/signals", {})).head == {"total": 2}
    with pytest.raises(NoAnswerError, match="RemoteProtocolError: gone"):
        await WorkerClient(transport=Other(httpx.RemoteProtocolError("gone"))).part(URL, "/signals", {})


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (httpx.ConnectError("refused"), "ConnectError: refused"),
        (httpx.Response(200, json={"signals": []}), "an older version of their form, this one reads version"),
        (httpx.Response(200, headers={"content-type": MEDIA_TYPE}, stream=Content(b"<html>\n")), "NotAPart"),
        (httpx.Response(307, headers={"Location": "http://elsewhere:1/secrets"}), "it answered 307"),
        (httpx.Response(401, json={"detail": "Which token?"}), "it answered 401"),
        (httpx.Response(503, content=b"busy"), "it answered 503"),
        (httpx.Response(500, json={"detail": "A fault"}), "it answered 500"),
        (httpx.Response(404, json=["detail"]), "it answered 404"),
    ],
)
async def test_anything_else_is_no_answer(answer: httpx.Response | Exception, why: str) -> None:
    other = Other(answer)
    with pytest.raises(NoAnswerError, match=why):
        await WorkerClient(transport=other).part(URL, "/signals", {})
    assert [request.url.host for request in other.asked] == ["other"], "a redirect was followed"


async def test_an_address_that_is_none() -> None:
    with pytest.raises(NoAnswerError):
        await WorkerClient().part("not an address", "/signals", {})


async def test_what_is_too_long_is_not_read_to_its_end() -> None:
    short = WorkerClient(transport=Other(await an_answer(3)), most_bytes=500)
    assert len((await short.part(URL, "/signals", {})).lines) == 3
    long = WorkerClient(transport=Other(await an_answer(100)), most_bytes=500)
    with pytest.raises(NoAnswerError, match="more than 500 bytes"):
        await long.part(URL, "/signals", {})
    with pytest.raises(NoAnswerError, match="more than 2 lines"):
        await WorkerClient(transport=Other(await an_answer(3))).part(URL, "/signals", {}, most_lines=2)


async def test_a_refusal_comes_with_its_reason_and_when_to_ask_again() -> None:
    answer = httpx.Response(
        503, json={"detail": "The worker is restoring.", "recovering": True}, headers={"Retry-After": "7"}
    )
    with pytest.raises(RefusedError, match="restoring") as refused:
        await WorkerClient(transport=Other(answer)).part(URL, "/signals", {})
    assert (refused.value.status, refused.value.retry_after, refused.value.is_recovering) == (503, "7", True)


async def test_proxies_of_the_environment_are_not_for_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    client = WorkerClient()
    assert not client._http()._mounts
    assert not client._http().follow_redirects
    await client.close()


async def test_so_many_that_wait_for_positions_are_asked_for_at_once_and_no_more() -> None:
    other = Other(None)
    client = WorkerClient(transport=other, deadline=0.05, at_once=2)
    asking = (client.part(URL, "/signals", {}, wait=0.05) for _ in range(5))
    found = await asyncio.gather(*asking, return_exceptions=True)
    assert all(isinstance(each, NoAnswerError) for each in found)
    assert len(other.asked) == 2
