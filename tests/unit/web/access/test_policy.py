"""What the settings come to."""

import socket
from pathlib import Path
from typing import Any

import pytest

from tests.unit.kafka.made import make_settings
from web.access.policy import AccessPolicy, access

TOKEN = "0123456789abcdef"  # noqa: S105
EVERYWHERE = "0.0.0.0"  # noqa: S104


def made(tmp_path: Path, **said: Any) -> AccessPolicy:
    return access(make_settings(tmp_path, **said))


def test_on_loopback_names_are_looked_at_and_no_token_is_asked_for(tmp_path: Path) -> None:
    found = made(tmp_path, api_host="127.0.0.2", api_hosts="signals.example")
    assert found.token is None
    assert found.hosts is not None
    for name in ("localhost:1", "127.0.0.2", "[::1]", "signals.example"):
        assert found.hosts.allow(name)
    for name in ("evil.example", "192.0.2.1", socket.gethostname() + ".evil.example"):
        assert not found.hosts.allow(name)


def test_a_token_that_is_set_is_asked_for_there_too(tmp_path: Path) -> None:
    found = made(tmp_path, api_token=TOKEN)
    assert found.token is not None
    assert found.hosts is not None


def test_off_loopback_the_token_is_enough(tmp_path: Path) -> None:
    found = made(tmp_path, api_host=EVERYWHERE, api_token=TOKEN)
    assert found.token is not None
    assert found.hosts is None


@pytest.mark.parametrize(
    ("name", "right"),
    [("192.0.2.1:8001", True), ("worker:8001", True), (socket.gethostname(), True), ("evil.example", False)],
)
def test_where_anyone_may_ask_no_page_elsewhere_may(tmp_path: Path, name: str, right: bool) -> None:
    found = made(tmp_path, api_host=EVERYWHERE, api_open=True)
    assert found.token is None
    assert found.hosts is not None
    assert found.hosts.allow(name) is right


def test_open_does_not_take_a_token_back(tmp_path: Path) -> None:
    assert made(tmp_path, api_host=EVERYWHERE, api_open=True, api_token=TOKEN).token is not None


def test_origins(tmp_path: Path) -> None:
    found = made(tmp_path, api_cors_origins="https://Charts.example, http://localhost:3000")
    assert found.origins == {"https://charts.example", "http://localhost:3000"}
