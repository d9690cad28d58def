"""Web pages elsewhere."""

import pytest

from tests.unit.asgi.asking import LOCAL, ask
from tests.unit.web.access.conftest import ORIGIN, TOKEN
from tests.unit.web.fake import FakeReader
from web.main import ApiApplication, create_app

BEARER = ("authorization", f"Bearer {TOKEN}")
PREFLIGHT = ("access-control-request-method", "GET")


async def test_none_may_read_unless_it_is_named(reader: FakeReader) -> None:
    app = create_app(reader)
    answer = await ask(app, "/signals", [*LOCAL, ("origin", ORIGIN)])
    assert (answer.status, answer.header("access-control-allow-origin")) == (200, None)
    preflight = await ask(app, "/signals", [*LOCAL, ("origin", ORIGIN), PREFLIGHT], "OPTIONS")
    assert (preflight.status, preflight.header("access-control-allow-origin")) == (405, None)


async def test_one_that_is_named_may_read_with_the_token_and_without_cookies(app: ApiApplication) -> None:
    for path in ("/signals", "/stream", "/nothing"):
        answer = await ask(app, path, [*LOCAL, BEARER, ("origin", ORIGIN)])
        assert answer.header("access-control-allow-origin") == ORIGIN
        assert "Origin" in str(answer.header("vary")).split(", ")
        assert answer.header("access-control-allow-credentials") is None


async def test_it_is_told_before_it_has_sent_the_token_that_it_may(app: ApiApplication) -> None:
    preflight = await ask(app, "/signals", [*LOCAL, ("origin", ORIGIN), PREFLIGHT], "OPTIONS")
    assert (preflight.status, preflight.header("access-control-allow-origin")) == (204, ORIGIN)
    assert "Authorization" in (preflight.header("access-control-allow-headers") or "")
    assert (await ask(app, "/signals", [*LOCAL, ("origin", ORIGIN)])).status == 401


@pytest.mark.parametrize(
    "origin", ["null", "https://evil.example", f"{ORIGIN}.evil.example", f"{ORIGIN}:8443", "http://charts.example", ""]
)
async def test_no_other(app: ApiApplication, origin: str) -> None:
    answer = await ask(app, "/signals", [*LOCAL, BEARER, ("origin", origin)])
    assert (answer.status, answer.header("access-control-allow-origin")) == (200, None)
    # A cache must not hand the answer for one origin to another.
    assert "Origin" in str(answer.header("vary")).split(", ")
    preflight = await ask(app, "/signals", [*LOCAL, ("origin", origin), PREFLIGHT], "OPTIONS")
    assert (preflight.status, preflight.header("access-control-allow-origin")) == (401, None)
