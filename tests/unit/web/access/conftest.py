from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import SecretStr

from app.asgi.hosts import Hosts
from tests.unit.web.fake import FakeReader
from web.access.policy import Access
from web.access.token import Token
from web.main import Api, create_app

TOKEN = "correct-horse-battery-staple"  # noqa: S105
ORIGIN = "https://charts.example"


class Clock:
    now = 1_731_594_600.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def token(clock: Clock) -> Token:
    return Token(SecretStr(TOKEN), clock)


@pytest.fixture
def app(reader: FakeReader, token: Token) -> Api:
    """A worker that asks for its token, on loopback, and has a page elsewhere that may read."""
    return create_app(reader, access=Access(token, Hosts.of(["127.0.0.1"]), frozenset({ORIGIN})))


@pytest.fixture
async def client(app: Api) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8001") as client:
        yield client
