"""The producer's API: its health and nothing else, within the limits of all our APIs."""

import pytest
from starlette.types import ASGIApp

from app.producer.pace import AsFastAsPossible
from app.producer.runner import Runner
from app.producer.service import create_app, guarded
from app.sources.fault_counter import FaultCounter
from tests.unit.asgi.asking import LOCAL, ask
from tests.unit.producer.doubles import FakeBarProducer, ListSource


def made(host: str) -> ASGIApp:
    runner = Runner(ListSource(1), FakeBarProducer, pace=AsFastAsPossible(), clock=lambda: 0.0, patient=True)
    return guarded(create_app(runner, FaultCounter(lambda _: None), lambda: None), host)


@pytest.mark.parametrize("path", ["/openapi.json", "/docs", "/redoc", "/", "/health/"])
async def test_there_is_nothing_but_its_health(path: str) -> None:
    answer = await ask(made("127.0.0.1"), path)
    assert (answer.status, answer.header("location")) == (404, None)


@pytest.mark.parametrize(
    ("listens", "host", "status"),
    [
        ("127.0.0.1", "127.0.0.1:8000", 200),
        ("127.0.0.1", "evil.example", 421),
        ("0.0.0.0", "kafka:8000", 200),  # noqa: S104
    ],
)
async def test_on_loopback_the_host_is_looked_at(listens: str, host: str, status: int) -> None:
    answer = await ask(made(listens), "/health", [("host", host)])
    assert answer.status == status
    assert answer.header("x-content-type-options") == "nosniff"


async def test_requests_have_limits() -> None:
    assert (await ask(made("127.0.0.1"), "/" + "a" * 20_000, LOCAL)).status == 414
