"""`stocks front`: who may ask."""

import socket

import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient
from starlette.types import ASGIApp

from app.cli import main
from app.producer.service import serve


def test_a_front_that_others_reach_says_who_may_ask() -> None:
    """Workers on loopback take it for this machine, and ask for no token."""
    done = CliRunner().invoke(main, ["front", "--workers", "127.0.0.1:8001"], env={"API_HOST": "0.0.0.0"})  # noqa: S104
    assert done.exit_code == 1
    assert "API_TOKEN" in done.stderr


@pytest.mark.parametrize("workers", ["worker", "worker:", ":8001", "worker:http"])
def test_workers_are_a_host_and_a_port(workers: str) -> None:
    done = CliRunner().invoke(main, ["front", "--workers", workers])
    assert done.exit_code == 2
    assert f"{workers!r} is not host:port" in done.stderr


def test_it_listens_where_the_settings_say_and_answers_for_workers_that_are_away() -> None:
    served: list[tuple[int, int, int]] = []

    def answer(app: ASGIApp, sock: socket.socket, most_connections: int) -> None:
        port = sock.getsockname()[1]
        sock.close()
        with TestClient(app) as client:
            told = client.get("/signals")
        assert "No worker answers at no-such-host.invalid:8001" in told.json()["detail"]
        served.append((port, told.status_code, most_connections))

    env = {"API_PORT": "0", "API_MAX_CONNECTIONS": "77"}
    arguments = ["front", "--workers", "no-such-host.invalid:8001"]
    done = CliRunner().invoke(main, arguments, env=env, obj={serve: answer})
    assert done.exit_code == 0, done.output
    [(port, status, most_connections)] = served
    assert done.output == f"Front: http://127.0.0.1:{port}/ for the workers at no-such-host.invalid:8001\n"
    assert (status, most_connections) == (503, 77)
