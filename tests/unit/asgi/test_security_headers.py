"""Headers for every answer."""

from starlette.types import Receive, Scope, Send

from app.asgi.answer import answer
from app.asgi.security_headers import SECURITY, SecurityHeaders, also, every_answers
from tests.unit.asgi.asking import ask, hello


async def test_each_answer_has_the_security_headers_once() -> None:
    found = await ask(SecurityHeaders(hello), "/")
    for name, value in SECURITY:
        assert found.header(name.decode()) == value.decode()


async def test_what_an_answer_sets_itself_stays_and_what_is_put_to_it_comes() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        also(scope, (b"vary", b"Origin"), (b"x-more", b"1"))
        assert (b"x-more", b"1") in every_answers({**scope})
        await answer(send, 200, {"referrer-policy": "origin", "vary": "Accept"})

    found = await ask(SecurityHeaders(app), "/")
    assert (found.header("referrer-policy"), found.header("vary")) == ("origin", "Accept, Origin")
    assert found.header("x-more") == "1"


async def test_without_it_nothing_is_put() -> None:
    scope: Scope = {"type": "http"}
    also(scope, (b"x-more", b"1"))
    assert not every_answers(scope)
