"""Where and how this project's own programs ask a worker."""

import socket
from pathlib import Path

import pytest

from app.access.asking import authorization, local_url, worker_url
from tests.unit.kafka.made import make_settings

TOKEN = "0123456789abcdef"  # noqa: S105


@pytest.mark.parametrize(
    ("host", "here", "others"),
    [
        ("127.0.0.1", "127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1", socket.gethostname()),  # noqa: S104
        ("::", "[::1]", socket.gethostname()),
        ("2001:db8::7", "[2001:db8::7]", "[2001:db8::7]"),
    ],
)
def test_addresses(tmp_path: Path, host: str, here: str, others: str) -> None:
    settings = make_settings(tmp_path, api_host=host, api_port=8123)
    assert (local_url(settings), worker_url(settings)) == (f"http://{here}:8123", f"http://{others}:8123")


def test_the_token_goes_with_what_is_asked(tmp_path: Path) -> None:
    assert authorization(make_settings(tmp_path)) == {}
    assert authorization(make_settings(tmp_path, api_token=TOKEN)) == {"Authorization": f"Bearer {TOKEN}"}
