"""The application as a whole: errors, HEAD, the documentation, the metrics, the front page."""

import math
import re
from typing import Any

import httpx
import pytest

from tests.unit.web.fake import FakeReader, page
from web.main import create_app
from web.reader import SignalFilter, SignalPage

ROUTES = {
    "/signals",
    "/signals/{symbol}",
    "/signals/{symbol}/explain",
    "/stream",
    "/windows/{symbol}",
    "/runs",
    "/symbols",
    "/market",
    "/session",
    "/worker",
    "/dead-letters",
    "/health",
    "/ready",
    "/metrics",
}


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("limit=0", "limit=0: it should be 1 or more."),
        ("limit=-5", "limit=-5: it should be 1 or more."),
        ("limit=ten", "limit=ten: it should be a whole number."),
        ("lmit=5", "lmit=5: there is no such parameter; did you mean limit?"),
        ("action=BYE", "action=BYE: it should be HOLD, BUY or SELL."),
    ],
)
@pytest.mark.parametrize("path", ["/signals", "/signals/AAPL"])
async def test_a_bad_parameter_is_422_and_named(client: httpx.AsyncClient, path: str, query: str, detail: str) -> None:
    answer = await client.get(f"{path}?{query}")
    assert (answer.status_code, answer.json()["detail"]) == (422, detail)


@pytest.mark.parametrize(("path", "most"), [("/signals", 1000), ("/signals/AAPL", 10_000), ("/windows/AAPL", 10_000)])
async def test_a_limit_has_a_limit(client: httpx.AsyncClient, path: str, most: int) -> None:
    assert (await client.get(f"{path}?limit={most}")).status_code == 200
    answer = await client.get(f"{path}?limit={most + 1}")
    assert answer.status_code == 422
    assert answer.json()["detail"] == f"limit={most + 1}: it should be {most} or less."


@pytest.mark.parametrize(
    "path",
    [
        "/runs?limit=1",
        "/symbols?limit=1",
        "/windows/AAPL?lmit=1",
        "/windows/AAPL?limit=0",
        "/signals/AAPL?since=yesterday",
        "/signals/AAPL?until=2024-11-14T25:00:00Z",
        "/signals?since=today",
        "/signals?since=20241114",
        "/signals/AAPL?until=0.5",
        "/signals/",
    ],
)
async def test_other_422(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 422


async def test_an_unknown_address(client: httpx.AsyncClient) -> None:
    answer = await client.get("/nothing")
    assert answer.status_code == 404
    assert answer.json()["detail"] == "There is nothing at /nothing; /docs lists what there is."
    meant = (await client.get("/signal")).json()["detail"]
    assert meant == "There is nothing at /signal; did you mean /signals? /docs lists what there is."


async def test_a_method_that_is_not_allowed(client: httpx.AsyncClient) -> None:
    answer = await client.post("/signals")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    assert answer.json()["detail"] == "POST does not go with /signals, which takes GET and HEAD."


async def test_a_bug_is_a_500_without_its_traceback(client: httpx.AsyncClient, reader: FakeReader) -> None:
    reader.bug = ZeroDivisionError("division by zero")
    answer = await client.get("/runs")
    assert answer.status_code == 500
    assert answer.json()["detail"] == "A fault in the worker (ZeroDivisionError); its log says more."
    assert "division" not in answer.text


class NanReader(FakeReader):
    """The closes of its lists are not numbers."""

    async def recent(self, run_id: str, wanted: SignalFilter) -> SignalPage:
        return page([{**signal, "close": math.nan} for each in self._of(run_id) for signal in each.signals()], wanted)


async def test_never_a_nan(reader: FakeReader) -> None:
    transport = httpx.ASGITransport(create_app(NanReader(*reader.series)), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://worker") as client:
        answer = await client.get("/signals")
    assert answer.status_code == 500
    assert "NaN" not in answer.text


@pytest.mark.parametrize(
    "path", ["/", "/signals", "/signals/AAPL", "/health", "/ready", "/metrics", "/docs", "/x", "/operations"]
)
async def test_head_is_get_without_the_body(client: httpx.AsyncClient, path: str) -> None:
    get, head = await client.get(path), await client.head(path)
    assert head.content == b""
    assert head.status_code == get.status_code
    assert head.headers["content-type"] == get.headers["content-type"]


async def test_metrics_in_either_format(client: httpx.AsyncClient) -> None:
    plain = await client.get("/metrics")
    assert plain.headers["content-type"].startswith("text/plain; version=")
    assert 'stocks_signals_total{action="BUY"}' in plain.text
    newer = await client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert newer.headers["content-type"].startswith("application/openmetrics-text")
    assert newer.text.endswith("# EOF\n")


async def test_the_documentation_needs_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    page = (await client.get("/docs")).text
    assert "http://" not in page.replace("http://worker", "")
    assert "https://" not in page
    assets = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(assets) == 7
    for asset in assets:
        assert (await client.get(asset)).status_code == 200


async def schema(client: httpx.AsyncClient) -> dict[str, Any]:
    described: dict[str, Any] = (await client.get("/openapi.json")).json()
    return described


async def test_the_schema_describes_every_route(client: httpx.AsyncClient) -> None:
    paths = (await schema(client))["paths"]
    assert set(paths) == ROUTES
    for path in paths.values():
        assert path["get"]["summary"]
        for parameter in path["get"].get("parameters", []):
            assert parameter["description"]


async def test_every_field_is_described_and_numbers_have_their_unit(client: httpx.AsyncClient) -> None:
    units = re.compile(
        "currency|points|ratio|econds|Shares|Trades|minutes|UTC|How many|counted from|from 0|offset|Bars of|0 at first|"
        "HTTP's number"
    )
    for name, model in (await schema(client))["components"]["schemas"].items():
        for field, described in model["properties"].items():
            text = described.get("description") or ""
            assert text or "$ref" in described or described.get("items"), (name, field)
            kinds = {described.get("type")} | {each.get("type") for each in described.get("anyOf", [])}
            if kinds & {"number", "integer"} or described.get("format") == "date-time":
                assert units.search(text), (name, field, text)


async def test_every_error_has_the_one_shape(client: httpx.AsyncClient) -> None:
    for path, described in (await schema(client))["paths"].items():
        for status, answer in described["get"]["responses"].items():
            if status in ("404", "422") or (status == "503" and path != "/ready"):
                assert {kind: each["schema"] for kind, each in answer["content"].items()} == {
                    "application/problem+json": {"$ref": "#/components/schemas/Problem"}
                }
