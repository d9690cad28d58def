from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import SecretStr

from app.asgi.hosts import Hosts
from tests.unit.web.fake import FakeReader
from web.access.policy import AccessPolicy
from web.access.token import Token
from web.main import ApiApplication, create_app

TOKEN = "correct-horse-battery-staple"  # noqa: S105
ORIGIN = "https://charts.example"


class ManualClock:
    now = 1_731_594_600.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def token(clock: ManualClock) -> Token:
    return Token(SecretStr(TOKEN), clock)


@pytest.fixture
def app(reader: FakeReader, token: Token) -> ApiApplication:
    """A worker that asks for its token, on loopback, and has a page elsewhere that may read."""
    return create_app(reader, access=AccessPolicy(token, Hosts.of(["127.0.0.1"]), frozenset({ORIGIN})))


@pytest.fixture
async def client(app: ApiApplication) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8001") as client:
        yield client
