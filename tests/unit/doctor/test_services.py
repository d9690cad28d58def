"""Whether this machine's worker and producer answer, and to whom; and where tables are kept."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from app.doctor.finding import Finding
from app.doctor.services import check_data_dir, check_producer, check_who_may_ask, check_worker
from tests.harness.http_server import serving
from tests.unit.kafka.made import make_settings

TOKEN = "0123456789abcdef"  # noqa: S105
EVERYWHERE = "0.0.0.0"  # noqa: S104


READY = {"ready": True}


@contextmanager
def answering(body: object, status: int = 200, token: str | None = None) -> Iterator[int]:
    """What gives one answer, and asks for this token for all but /ready and /health; its port."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_open = self.path in ("/ready", "/health") or token is None
            right = is_open or self.headers["Authorization"] == f"Bearer {token}"
            self.send_response(status if right else 401)
            self.end_headers()
            self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

    with serving(Answers) as port:
        yield port


@pytest.fixture
def unused_port() -> Iterator[int]:
    """Taken, but nobody listens: who connects is refused."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.mark.parametrize(
    ("said", "level", "message"),
    [
        ({}, "ok", "this machine alone may ask, at 127.0.0.1"),
        ({"api_token": TOKEN}, "ok", "those who ask must send API_TOKEN, or log in"),
        ({"api_host": EVERYWHERE, "api_token": TOKEN}, "ok", "those who ask must send API_TOKEN, or log in"),
        ({"api_host": EVERYWHERE, "api_open": True}, "warning", "anyone who reaches 0.0.0.0 may read (API_OPEN)"),
        (
            {"api_host": EVERYWHERE},
            "broken",
            "API_HOST=0.0.0.0 can be reached from other machines, so a worker does not start",
        ),
    ],
)
def test_who_may_ask(tmp_path: Path, said: dict[str, Any], level: str, message: str) -> None:
    finding = check_who_may_ask(make_settings(tmp_path, **said))
    assert (finding.level, finding.message) == (level, message)
    if level == "broken":
        assert "API_TOKEN" in finding.fix
        assert "API_OPEN=true" in finding.fix


@pytest.mark.parametrize(
    ("theirs", "ours", "level"),
    [
        (None, None, "ok"),
        (TOKEN, TOKEN, "ok"),
        (None, TOKEN, "ok"),
        (TOKEN, None, "broken"),
        (TOKEN, "another-" + TOKEN, "broken"),
    ],
)
def test_the_workers_token_and_ours(tmp_path: Path, theirs: str | None, ours: str | None, level: str) -> None:
    with answering(READY, token=theirs) as port:
        finding = check_worker(make_settings(tmp_path, api_port=port, api_token=ours))
    assert finding.level == level, finding
    assert TOKEN not in str(finding)
    if level == "broken":
        assert finding.fix == "set API_TOKEN to that of the worker"


@pytest.mark.parametrize(
    ("body", "status", "level", "message"),
    [
        (READY, 200, "ok", "ready at {url}"),
        (
            {"ready": False, "reasons": ["the broker is away", "tables are being restored"]},
            503,
            "warning",
            "not ready: the broker is away; tables are being restored",
        ),
        ({"status": "fine"}, 200, "broken", "what answers at {url} is not the worker"),
        (b"<html>", 200, "broken", "what answers at {url} is not the worker"),
        ([1, 2], 200, "broken", "what answers at {url} is not the worker"),
    ],
)
def test_how_the_worker_is(tmp_path: Path, body: object, status: int, level: str, message: str) -> None:
    with answering(body, status) as port:
        finding = check_worker(make_settings(tmp_path, api_port=port))
    assert (finding.level, finding.message) == (level, message.format(url=f"http://127.0.0.1:{port}/ready"))
    assert bool(finding.fix) is (level != "ok")


@pytest.mark.parametrize(
    ("deployment", "level"),
    [("stock-signals on cluster C1", "ok"), (None, "ok"), ("other on cluster C1", "warning")],
)
def test_a_worker_of_another_deployment_is_not_ours(tmp_path: Path, deployment: str | None, level: str) -> None:
    with answering({**READY, "deployment": deployment}) as port:
        finding = check_worker(make_settings(tmp_path, api_port=port), "C1")
    assert finding.level == level
    if level == "warning":
        assert "belongs to other on cluster C1, not to stock-signals on cluster C1" in finding.message
        assert "API_PORT" in finding.fix


def test_where_neither_runs_the_way_to_start_them_is_named(tmp_path: Path, unused_port: int) -> None:
    ours = make_settings(tmp_path, api_port=unused_port, producer_port=unused_port)
    for finding, path, fix in (
        (check_worker(ours), "ready", "`make worker`; if it runs, check API_PORT"),
        (check_producer(ours), "health", "`stocks produce` if you want one"),
    ):
        message = f"nothing answers at http://127.0.0.1:{unused_port}/{path}"
        assert finding[0::2] == ("warning", message)
        assert finding.fix == fix


@pytest.mark.parametrize(
    ("body", "level", "message"),
    [
        ({"status": "running", "messages_sent": 1234}, "ok", "running, 1,234 messages sent"),
        (
            {"status": "waiting", "messages_sent": 0, "last_error": "no broker"},
            "warning",
            "waiting, 0 messages sent: no broker",
        ),
        (READY, "broken", "what answers at {url} is not the producer"),
    ],
)
def test_how_the_producer_is(tmp_path: Path, body: object, level: str, message: str) -> None:
    with answering(body) as port:
        finding = check_producer(make_settings(tmp_path, producer_port=port))
    assert (finding.level, finding.message) == (level, message.format(url=f"http://127.0.0.1:{port}/health"))


def test_where_tables_can_be_kept(tmp_path: Path) -> None:
    assert check_data_dir(make_settings(tmp_path)) == Finding("ok", "data folder", f"{tmp_path} can be written to")
    ours = make_settings(tmp_path / "file")
    (tmp_path / "file").touch()
    finding = check_data_dir(ours)
    assert (finding.level, finding.message) == ("broken", f"DATA_DIR={tmp_path / 'file'} is no folder")
    assert finding.fix.endswith("is a file. Choose another, or move that file away")
