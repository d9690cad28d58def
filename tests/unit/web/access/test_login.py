"""A person's login: the form, the cookie, where it leads, and its end."""

from http.cookies import SimpleCookie

import httpx
import pytest

from tests.unit.web.access.conftest import TOKEN
from tests.unit.web.fake import FakeReader
from web.access.token import LOGIN_SECONDS, Token
from web.main import create_app
from web.routes.login import WRONG

HTML = {"Accept": "text/html"}


async def test_the_token_gives_a_cookie_with_which_all_answers(client: httpx.AsyncClient, token: Token) -> None:
    answer = await client.post("/login", data={"token": TOKEN, "after": "/s/AAPL?run=x"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/s/AAPL?run=x")
    [cookie] = SimpleCookie(answer.headers["set-cookie"]).values()
    assert cookie.key == token.cookie_name
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "strict", "/")
    assert (cookie["max-age"], cookie["domain"], cookie["secure"]) == (str(LOGIN_SECONDS), "", "")
    for path in ("/", "/signals", "/docs", "/metrics"):
        assert (await client.get(path, headers=HTML)).status_code == 200


async def test_behind_tls_the_cookie_is_for_tls_alone(client: httpx.AsyncClient) -> None:
    answer = await client.post("https://127.0.0.1:8001/login", data={"token": TOKEN})
    assert "Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize("given", ["", "x", TOKEN[:-1], f" {TOKEN}", f"{TOKEN}\x00", "ö"])
async def test_another_gives_none(client: httpx.AsyncClient, given: str) -> None:
    answer = await client.post("/login", data={"token": given, "after": "/operations"})
    assert (answer.status_code, answer.headers.get("set-cookie")) == (401, None)
    assert WRONG in answer.text
    assert 'value="/operations"' in answer.text


@pytest.mark.parametrize(
    "body", [b"", b"token", b"\xff\xfe", b"&".join([b"token=x"] * 50), b'{"token": "x"}', b"token[]=x"]
)
async def test_what_is_no_form_is_no_login(client: httpx.AsyncClient, body: bytes) -> None:
    assert (await client.post("/login", content=body)).status_code == 401


@pytest.mark.parametrize(
    "after",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "evil.example",
        "/\t/evil.example",
        "/\r\nSet-Cookie: x=y",
        "\\\\evil.example",
        "",
        "/login",
        "/login?x",
    ],
)
async def test_it_leads_nowhere_else(client: httpx.AsyncClient, after: str) -> None:
    answer = await client.post("/login", data={"token": TOKEN, "after": after})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "evil" not in str(answer.headers)


async def test_the_form_never_repeats_markup(client: httpx.AsyncClient) -> None:
    answer = await client.post("/login", data={"token": "x", "after": '/"><b>{fault}'})
    assert "<b>" not in answer.text


async def test_logging_out_takes_the_cookie_back_and_only_those_who_are_in_can(client: httpx.AsyncClient) -> None:
    assert (await client.post("/logout")).status_code == 401
    await client.post("/login", data={"token": TOKEN})
    answer = await client.post("/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert (await client.get("/signals")).status_code == 401


async def test_a_body_that_is_too_large_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.post("/login", content=b"token=" + b"x" * 100_000)).status_code == 413


async def test_where_nobody_asks_for_a_token_there_is_nothing_to_log_in_to(reader: FakeReader) -> None:
    transport = httpx.ASGITransport(create_app(reader))
    async with httpx.AsyncClient(transport=transport, base_url="http://worker") as client:
        for answer in (await client.get("/login"), await client.post("/login", data={"token": "x"})):
            assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert (await client.post("/logout")).status_code == 303
