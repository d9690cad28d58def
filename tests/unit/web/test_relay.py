"""Answers of other workers, passed through."""

from collections.abc import Callable

import httpx
import pytest

from tests.unit.web.fake import FakeReader
from web.main import create_app
from web.reader import PartitionOwner
from web.relay import HEADER

OTHER = "http://other:8002"
Handler = Callable[[httpx.Request], httpx.Response]


def client(reader: FakeReader, handler: Handler) -> httpx.AsyncClient:
    others = httpx.AsyncClient(transport=httpx.MockTransport(handler))
    app = create_app(reader, others=others)
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://worker", headers={HEADER: "1", "Accept": "*/*"}
    )


@pytest.fixture
def away(reader: FakeReader) -> FakeReader:
    """A reader whose symbol AWAY is on another worker."""
    where = PartitionOwner(1, OTHER)
    reader.missing, reader.away = [where], {"AWAY": where}
    return reader


async def test_the_other_workers_answer_is_passed_through(away: FakeReader) -> None:
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, json={"symbol": "AWAY"})

    answer = await client(away, handler).get("/windows/AWAY?limit=5")
    assert (answer.status_code, answer.json()) == (200, {"symbol": "AWAY"})
    assert asked == [f"{OTHER}/windows/AWAY?hop=1&limit=5"]


async def test_without_the_header_it_stays_a_redirect(away: FakeReader) -> None:
    asking = client(away, lambda request: httpx.Response(500))
    del asking.headers[HEADER]
    answer = await asking.get("/windows/AWAY")
    assert (answer.status_code, answer.headers["location"]) == (307, f"{OTHER}/windows/AWAY?hop=1")


async def test_a_worker_that_does_not_answer_is_a_503_that_names_it(away: FakeReader) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    answer = await client(away, handler).get("/windows/AWAY")
    assert answer.status_code == 503
    assert answer.json()["detail"].startswith("The worker at other:8002, which holds the symbol, does not answer")
    assert answer.headers["retry-after"] == "2"


async def test_errors_of_the_other_worker_come_through(away: FakeReader) -> None:
    found = httpx.Response(404, json={"detail": "No symbol 'AWAY'"})
    answer = await client(away, lambda request: found).get("/windows/AWAY")
    assert (answer.status_code, answer.json()) == (404, {"detail": "No symbol 'AWAY'"})


async def test_only_workers_of_the_group_are_asked(away: FakeReader) -> None:
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(307, headers={"Location": "http://elsewhere:1/secrets"})

    asking = client(away, handler)
    # A path with a slash too many was a redirect to whatever host the request named.
    answer = await asking.get("/runs/", headers={"Host": "elsewhere:1"})
    assert (answer.status_code, asked) == (404, [])
    answer = await asking.get("/windows/AWAY")
    assert asked == [f"{OTHER}/windows/AWAY?hop=1"]
    assert answer.status_code == 307


async def test_a_worker_with_another_token_is_named(away: FakeReader) -> None:
    answer = await client(away, lambda _: httpx.Response(401, json={"detail": "a token"})).get("/windows/AWAY")
    assert (answer.status_code, answer.headers.get("www-authenticate")) == (503, None)
    assert answer.json()["detail"].endswith("has another API_TOKEN: all must have the same.")


async def test_redirects_between_workers_end(away: FakeReader) -> None:
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(307, headers={"Location": f"{OTHER}/windows/AWAY"})

    assert (await client(away, handler).get("/windows/AWAY")).status_code == 503
    assert len(asked) == 3
