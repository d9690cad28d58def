"""`stocks produce`: what is served, and from which bars."""

import socket
from typing import Any

import pytest
from click.testing import CliRunner, Result
from fastapi.testclient import TestClient
from starlette.types import ASGIApp

from app.cli import main
from app.producer.connect import connect
from app.producer.service import serve
from tests.unit.producer.doubles import FakeBarProducer


class Producing:
    """stocks produce, whose service is asked for /health until all is sent, and then stops."""

    def __init__(self) -> None:
        self.outbox = FakeBarProducer()
        self.health: list[dict[str, Any]] = []
        self.port = 0

    def _serve(self, app: ASGIApp, sock: socket.socket) -> None:
        self.port = sock.getsockname()[1]
        sock.close()
        with TestClient(app, base_url="http://127.0.0.1") as client:
            while not self.health or self.health[-1]["status"] == "running":
                self.health.append(client.get("/health").json())

    def __call__(self, *arguments: str, **env: str) -> Result:
        handed_in: dict[Any, Any] = {connect: lambda *_, **__: self.outbox, serve: self._serve}
        env = {
            "PRODUCER_PORT": "0",
            "KAFKA_BOOTSTRAP": "127.0.0.1:1",
            "SCHEMA_REGISTRY_URL": "http://127.0.0.1:1",
            **env,
        }
        return CliRunner().invoke(main, ["produce", *arguments], obj=handed_in, env=env)


@pytest.fixture
def produce() -> Producing:
    return Producing()


def test_all_bars_are_sent_and_health_says_so(produce: Producing) -> None:
    result = produce("--symbols", "AAPL")
    assert result.exit_code == 0, result.output
    assert f"Health: http://127.0.0.1:{produce.port}/health" in result.output
    assert len(produce.outbox.taken) == 390
    assert (produce.health[-1]["status"], produce.health[-1]["messages_sent"]) == ("finished", 390)


def test_a_source_that_cannot_be_opened_ends_it_before_it_serves(produce: Producing) -> None:
    result = produce("nowhere.csv")
    assert result.exit_code == 1
    assert "nowhere.csv: No such file" in result.stderr
    assert produce.health == []


def test_a_port_that_is_taken_is_named_with_its_setting(produce: Producing) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        result = produce(PRODUCER_PORT=f"{port}")
    assert result.exit_code == 1
    assert "PRODUCER_PORT" in result.stderr
    assert f"{port}" in result.stderr
