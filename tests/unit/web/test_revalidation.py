"""A client that has the answer already gets 304; once something has changed, it gets the new one."""

from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.unit.web.conftest import RUN
from tests.unit.web.fake import FakeReader
from tests.unit.web.made_series import pullback, series
from tests.unit.web.test_page import VENDORED
from web.revalidation import RevalidationMiddleware, Validator, matches
from web.routes.page import static_page

DATA = ["/signals", "/signals/AAPL", "/windows/AAPL", "/symbols", "/runs", "/session", "/signals/AAPL/explain"]


@pytest.mark.parametrize("path", [*DATA, "/signals?format=csv", "/windows/AAPL?format=csv", "/", "/operations"])
async def test_an_answer_that_has_not_changed_is_not_sent_again(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.headers["cache-control"] == "no-cache"
    etag = answer.headers["etag"]
    assert etag.startswith('W/"')
    again = await client.get(path, headers={"If-None-Match": f'"old", {etag}'})
    assert (again.status_code, again.content) == (304, b"")
    assert (again.headers["etag"], again.headers["cache-control"]) == (etag, "no-cache")
    assert "Accept-Encoding" in again.headers["vary"], "a cache would keep one answer for all encodings"
    assert "content-type" not in again.headers
    assert "content-length" not in again.headers
    assert (await client.get(path, headers={"If-None-Match": '"old"'})).status_code == 200
    head = await client.head(path)
    assert head.headers["etag"] == etag


@pytest.mark.parametrize("path", ["/signals", "/symbols", "/windows/AAPL"])
async def test_a_new_bar_changes_the_answer(client: httpx.AsyncClient, reader: FakeReader, path: str) -> None:
    etag = (await client.get(path)).headers["etag"]
    reader.series[1] = series(RUN, "AAPL", [*pullback(), 3.0])
    answer = await client.get(path, headers={"If-None-Match": etag})
    assert answer.status_code == 200
    assert answer.headers["etag"] != etag


async def test_the_same_rows_in_another_form_or_of_another_list_are_another_answer(client: httpx.AsyncClient) -> None:
    paths = ["/signals/AAPL", "/signals/AAPL?format=csv", "/signals/AAPL?limit=6", "/signals/AAPL?limit=6&action=HOLD"]
    assert len({(await client.get(path)).headers["etag"] for path in paths}) == len(paths)


def test_where_a_piece_ends_is_part_of_it() -> None:
    assert Validator(b"ab", b"c").etag != Validator(b"a", b"bc").etag


@pytest.mark.parametrize(
    ("header", "is_known"),
    [('W/"a"', True), ('"a"', True), ('"b", W/"a"', True), ("*", True), ('"b"', False), ("", False), ("a", False)],
)
def test_tags_are_compared_weakly(header: str, is_known: bool) -> None:
    assert matches(header, 'W/"a"') is is_known


async def test_errors_are_asked_for_each_time_and_have_no_tag(client: httpx.AsyncClient) -> None:
    answer = await client.get("/signals/NONE", headers={"If-None-Match": "*"})
    assert (answer.status_code, answer.headers["cache-control"]) == (404, "no-cache")
    assert "etag" not in answer.headers


async def test_a_vendored_file_is_kept_for_ever_and_ours_are_asked_for(client: httpx.AsyncClient) -> None:
    vendored = await client.get(f"/static/vendor/{VENDORED.name}")
    assert vendored.headers["cache-control"] == "max-age=31536000, immutable"
    for path in ("vendor/NOTICE.txt", "js/main.js", "css/theme.css", "icon.svg"):
        assert (await client.get(f"/static/{path}")).headers["cache-control"] == "no-cache"


async def test_a_file_that_changes_is_seen_at_once(tmp_path: Path) -> None:
    async def page(_: Request) -> Response:
        return static_page("index.html", tmp_path)

    app = Starlette(routes=[Route("/", page)], middleware=[Middleware(RevalidationMiddleware)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://worker") as client:
        (tmp_path / "index.html").write_text("one")
        etag = (await client.get("/")).headers["etag"]
        assert (await client.get("/", headers={"If-None-Match": etag})).status_code == 304
        (tmp_path / "index.html").write_text("two, and longer")
        assert (await client.get("/", headers={"If-None-Match": etag})).text == "two, and longer"
