"""Every error is problem details, as RFC 9457 has them."""

import json
import re
from pathlib import Path

import httpx
import pytest

from tests.unit.web.fake import FakeReader
from web.problems import KINDS, problem
from web.reader import PartitionOwner, Readiness

DOCS = Path(__file__).parents[3] / "docs" / "read.md"


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/signals/GOGL", 404, "unknown-symbol"),
        ("GET", "/windows/GOGL", 404, "unknown-symbol"),
        ("GET", "/signals?run=none", 404, "unknown-run"),
        ("GET", "/signals/AAPL/explain?at=2020-01-01T00:00:00Z", 404, "no-bar"),
        ("GET", "/signals?limit=0", 422, "invalid-parameter"),
        ("GET", "/signals?simbol=AAPL", 422, "invalid-parameter"),
        ("GET", "/signals/", 422, "invalid-parameter"),
        ("GET", "/nothing", 404, "nothing-here"),
        ("GET", "/static/nothing.js", 404, "nothing-here"),
        ("GET", "/problems/nothing", 404, "nothing-here"),
        ("POST", "/signals", 405, "method"),
        ("DELETE", "/static/icon.svg", 405, "method"),
        ("GET", "/stream", 503, "unavailable"),
    ],
)
async def test_each_error_says_its_kind_and_where_it_happened(
    client: httpx.AsyncClient, reader: FakeReader, method: str, path: str, status: int, kind: str
) -> None:
    answer = await client.request(method, path)
    told = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert list(told)[:5] == ["type", "title", "status", "detail", "instance"]
    assert (told["type"], told["title"]) == (f"/problems/{kind}", KINDS[kind].title)
    assert (told["status"], told["instance"]) == (status, path.partition("?")[0])
    assert told["detail"][-1] in ".?"
    assert (await client.get(told["type"])).json()["title"] == told["title"]


async def test_while_tables_are_restored(client: httpx.AsyncClient, reader: FakeReader) -> None:
    reader.state = Readiness(recovering=True, retry_after=7)
    answer = await client.get("/signals")
    assert (answer.json()["type"], answer.headers["retry-after"]) == ("/problems/recovering", "7")


async def test_a_worker_that_does_not_answer(client: httpx.AsyncClient, reader: FakeReader) -> None:
    reader.partitions[1] = PartitionOwner(1, None)
    assert (await client.get("/signals")).json()["type"] == "/problems/worker-missing"


async def test_nothing_as_new_as_asked_for(client: httpx.AsyncClient, reader: FakeReader) -> None:
    reader.lags = {0: 7, 1: 0}
    answer = await client.get("/signals?max_lag=5")
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/stale")


async def test_a_bug(client: httpx.AsyncClient, reader: FakeReader) -> None:
    reader.bug = ZeroDivisionError()
    answer = await client.get("/runs")
    assert (answer.status_code, answer.json()["type"]) == (500, "/problems/fault")


@pytest.mark.parametrize("name", KINDS)
async def test_a_kind_says_the_way_out_of_it(client: httpx.AsyncClient, name: str) -> None:
    told = (await client.get(f"/problems/{name}")).json()
    assert told == {"type": f"/problems/{name}", **KINDS[name]._asdict()}
    assert told["fix"].endswith(".")


def test_the_docs_list_the_kinds() -> None:
    listed = re.findall(r"^\| `/problems/([a-z-]+)` \| (\d+) \|", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert [(name, int(status)) for name, status in listed] == [(name, kind.status) for name, kind in KINDS.items()]


def test_a_status_without_a_kind_has_the_title_of_http() -> None:
    answer = problem({"path": '/a b/"ü'}, 421, "This is not the host.", extra={"more": 1})
    assert json.loads(bytes(answer.body)) == {
        "type": "about:blank",
        "title": "Misdirected Request",
        "status": 421,
        "detail": "This is not the host.",
        "instance": "/a%20b/%22%C3%BC",
        "more": 1,
    }
