"""Whether this machine's worker answers, and to whom."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from app.doctor.services import check_who_may_ask, check_worker
from tests.unit.kafka.made import make_settings

TOKEN = "0123456789abcdef"  # noqa: S105
EVERYWHERE = "0.0.0.0"  # noqa: S104


@contextmanager
def worker(token: str | None) -> Iterator[int]:
    """What says that it is ready, and asks for this token for all else; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            right = self.path == "/ready" or token is None or self.headers["Authorization"] == f"Bearer {token}"
            self.send_response(200 if right else 401)
            self.end_headers()
            self.wfile.write(b'{"ready": true}')

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


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
    with worker(theirs) as port:
        finding = check_worker(make_settings(tmp_path, api_port=port, api_token=ours))
    assert finding.level == level, finding
    assert TOKEN not in str(finding)
    if level == "broken":
        assert finding.fix == "set API_TOKEN to that of the worker"
