"""The page's addresses and files: what they are, how browsers are to treat them, and that nothing is changed."""

import hashlib
import re
from pathlib import Path

import httpx
import pytest

from app.asgi.security_headers import POLICY
from web.links import LINKS
from web.routes.page import STATIC

VENDORED = STATIC / "vendor" / "lightweight-charts-5.2.1.mjs"
PAGES = ["/", "/s/AAPL", "/s/BRK/B", "/operations", "/?run=x"]
TEXTS = sorted(path for path in STATIC.rglob("*") if path.suffix in (".html", ".js", ".css"))


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_html_that_allows_no_inline_code(client: httpx.AsyncClient, path: str) -> None:
    page = await client.get(path)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["content-security-policy"] == POLICY
    assert page.headers["cache-control"] == "no-cache"
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", page.text)


def test_the_policy_allows_nothing_inline_and_no_frame() -> None:
    assert "unsafe" not in POLICY
    assert "frame-ancestors 'none'" in POLICY
    assert "default-src 'none'" in POLICY


@pytest.mark.parametrize("path", ["/", "/signals", "/health", "/static/js/main.js", "/nothing", "/docs", "/runs?x=1"])
async def test_every_answer_has_the_security_headers(client: httpx.AsyncClient, path: str) -> None:
    headers = (await client.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


async def test_a_program_that_asks_for_json_gets_the_addresses(client: httpx.AsyncClient) -> None:
    answer = await client.get("/", headers={"Accept": "application/json"})
    assert answer.json() == LINKS
    for link in LINKS:
        assert (await client.get(link)).status_code == 200


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_needs_only_files_that_are_there(client: httpx.AsyncClient, path: str) -> None:
    text = (await client.get(path)).text
    files = [each for each in re.findall(r'(?:src|href)="([^"#]+)"', text) if not each.startswith("https://")]
    assert files
    for each in files:
        assert (await client.get(each)).status_code == 200, each


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_modules_import_only_what_is_there_and_nothing_from_elsewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for name in re.findall(r'from "([^"]+)"', text):
        assert (path.parent / name).is_file(), name
    # Addresses of other hosts are links for people, and never loaded.
    assert not re.search(r"(src=|url\(|import\(|fetch\()[\"']?https?:", text)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)
    assert len(text.splitlines()) < 300


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/static/js/main.js", "javascript"),
        ("/static/css/theme.css", "text/css"),
        (f"/static/vendor/{VENDORED.name}", "javascript"),
        ("/static/icon.svg", "image/svg+xml"),
    ],
)
async def test_files_have_the_type_that_browsers_insist_on(client: httpx.AsyncClient, path: str, kind: str) -> None:
    answer = await client.get(path)
    assert kind in answer.headers["content-type"]
    again = await client.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_chart_library_is_the_file_that_was_published() -> None:
    notice = (STATIC / "vendor" / "NOTICE.txt").read_text(encoding="utf-8")
    digest = hashlib.sha256(VENDORED.read_bytes()).hexdigest()
    assert digest in notice
    assert digest == "1bb1ee79f9d4dd17261b53d930f7a8995748276f80e7ba0e24412b5068062f5f"


async def test_the_notice_is_on_the_page_with_a_link(client: httpx.AsyncClient) -> None:
    text = (await client.get("/")).text
    assert "TradingView Lightweight Charts™" in text
    assert 'href="https://www.tradingview.com/"' in text
    assert "Apache License" in (STATIC / "vendor" / "LICENSE-lightweight-charts").read_text(encoding="utf-8")


async def test_nothing_outside_the_folder_is_served(client: httpx.AsyncClient) -> None:
    for path in (
        "/static/../main.py",
        "/static/%2e%2e/main.py",
        "/static/..%2fmain.py",
        "/static/nothing.js",
        "/static/",
    ):
        answer = await client.get(f"/static/{path}")
        assert answer.status_code == 404
        assert answer.json()["title"] == "There is nothing at this address"
