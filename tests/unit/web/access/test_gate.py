"""What stands before the application: every path but the open ones asks for the token, whatever is tried."""

import logging
from collections.abc import Sequence

import httpx
import pytest

from tests.unit.asgi.asking import LOCAL, ask
from tests.unit.web.access.conftest import TOKEN
from tests.unit.web.fake import FakeReader
from web.access.gate import OPEN, WITHOUT
from web.main import ApiApplication
from web.routes.page import STATIC

BEARER = ("authorization", f"Bearer {TOKEN}")

#: Beside the routes that /openapi.json lists.
OTHERS = [
    "/",
    "/s/AAPL",
    "/operations",
    "/docs",
    "/openapi.json",
    "/stream/local",
    "/static/index.html",
    "/static/js/main.js",
    "/swagger/swagger-ui.css",
    "/logout",
    "/nothing",
]

TRICKS = [
    "//docs",
    "/docs/",
    "/%64ocs",
    "/./docs",
    "/login/../docs",
    "/health/../signals",
    "/health/",
    "/health%00",
    "/health%20",
    "/HEALTH",
    "/health;/signals",
    "/login/",
    "/login%2f..%2fsignals",
    "/static/css/login.css/../../js/main.js",
    "/static/css/..%2fcss/login.css",
    "/static//css/login.css",
    "/static/%2e%2e/main.py",
    "//127.0.0.1/health",
    "http://127.0.0.1/health",
    "*",
    "",
]


def paths(app: ApiApplication) -> list[str]:
    return [path.replace("{symbol}", "AAPL") for path in app.openapi()["paths"]] + OTHERS


async def test_without_the_token_only_what_is_open_answers(app: ApiApplication) -> None:
    for path in paths(app):
        answer = await ask(app, path)
        assert (answer.status == 401) == (path not in OPEN), path
        if answer.status == 401:
            assert WITHOUT.encode()[:40] in answer.body
            assert answer.header("www-authenticate") == 'Bearer realm="stock-signals"'


async def test_with_the_token_all_does(app: ApiApplication) -> None:
    for path in paths(app):
        assert (await ask(app, path, [*LOCAL, BEARER])).status in (200, 404, 405, 503), path


async def test_each_open_path_is_there(app: ApiApplication) -> None:
    for path in OPEN:
        assert (await ask(app, path)).status == 200, path


@pytest.mark.parametrize("path", TRICKS)
async def test_no_other_spelling_slips_by(app: ApiApplication, path: str) -> None:
    assert (await ask(app, path)).status == 401
    assert (await ask(app, path, method="HEAD")).status == 401


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH", "TRACE", "get", "QUERY"])
async def test_nor_any_other_method(app: ApiApplication, method: str) -> None:
    answer = await ask(app, "/signals", method=method)
    assert answer.status == 401


@pytest.mark.parametrize("path", TRICKS)
async def test_with_the_token_no_spelling_leads_to_another_host(app: ApiApplication, path: str) -> None:
    answer = await ask(app, path, [*LOCAL, BEARER])
    assert answer.status in (200, 404, 421)
    assert answer.header("location") is None


@pytest.mark.parametrize("path", ["/", "/health", "/docs/", "/static/js/main.js", "/login", "/nothing", "/stream"])
async def test_on_loopback_every_path_wants_a_host_that_is_known(app: ApiApplication, path: str) -> None:
    answer = await ask(app, path, [("host", "evil.example:8001"), BEARER])
    assert (answer.status, answer.header("location")) == (421, None)


async def test_no_websocket(app: ApiApplication) -> None:
    assert (await ask(app, "/stream", kind="websocket")) == (0, [], b"")


@pytest.mark.parametrize("query", ["token", "access_token", "api_token", "authorization"])
async def test_the_address_is_no_place_for_the_token(app: ApiApplication, query: str) -> None:
    assert (await ask(app, f"/signals?{query}={TOKEN}")).status == 401


async def test_a_browser_gets_the_form_with_where_it_wanted_to_go(client: httpx.AsyncClient) -> None:
    answer = await client.get('/s/AAPL?run="><script>', headers={"Accept": "text/html,*/*"})
    assert (answer.status_code, answer.headers["cache-control"]) == (401, "no-store")
    assert 'name="after" type="hidden" value="/s/AAPL?run=%22%3E%3Cscript%3E"' in answer.text
    assert "<script>" not in answer.text


async def test_every_answer_has_the_security_headers(app: ApiApplication) -> None:
    """Also those that are given before the routes."""
    statuses = set()
    wanted: Sequence[tuple[str, list[tuple[str, str]]]] = [
        ("/health", [*LOCAL]),
        ("/signals", [*LOCAL]),
        ("/signals", [*LOCAL, BEARER]),
        ("/signals?x=1", [*LOCAL, BEARER]),
        ("/nothing", [*LOCAL, BEARER]),
        ("/health", []),
        ("/" + "a" * 20_000, [*LOCAL]),
        ("/", [*LOCAL, ("x", "a" * 20_000)]),
        ("/", [*LOCAL, ("content-length", "1000000")]),
        ("/static/js/main.js", [*LOCAL, BEARER]),
        ("/stream", [*LOCAL, BEARER]),
    ]
    for path, headers in wanted:
        answer = await ask(app, path, headers)
        statuses.add(answer.status)
        policy = answer.header("content-security-policy")
        assert policy is not None
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.header("x-content-type-options") == "nosniff"
        assert answer.header("referrer-policy") == "no-referrer"
    assert statuses >= {200, 401, 404, 413, 414, 421, 422, 431, 503}


async def test_the_answer_of_a_fault_has_them_too(client: httpx.AsyncClient, reader: FakeReader) -> None:
    reader.bug = ZeroDivisionError()
    answer = await client.get("/runs", headers=[BEARER])
    assert answer.status_code == 500
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_the_token_is_in_no_log_and_in_no_answer(
    app: ApiApplication, reader: FakeReader, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8001") as client:
        answers = [await client.get(path, headers=[BEARER]) for path in paths(app)]
        answers.append(await client.post("/login", data={"token": TOKEN, "after": "/"}))
        answers.append(await client.post("/login", data={"token": TOKEN + "x", "after": "/"}))
        reader.bug = ZeroDivisionError()
        answers.append(await client.get("/runs", headers=[BEARER]))
    assert {answer.status_code for answer in answers} >= {200, 303, 401, 500}
    for answer in answers:
        assert TOKEN not in answer.text
        assert TOKEN not in str(answer.headers.raw)
    assert TOKEN not in caplog.text
    assert TOKEN not in f"{app.state.access!r}"


def test_the_page_to_log_in_needs_only_what_is_open() -> None:
    text = (STATIC / "login.html").read_text(encoding="utf-8")
    for part in text.split('"'):
        if part.startswith("/static/"):
            assert part in OPEN
