"""Whether a worker may listen where the settings say."""

from pathlib import Path
from typing import Any

import pytest

from app.access.listening import AccessUndecided, check_access, is_loopback
from tests.unit.kafka.made import make_settings

TOKEN = "0123456789abcdef"  # noqa: S105


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost", "LOCALHOST", "::ffff:127.0.0.1"])
def test_this_machine_alone(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "192.0.2.1", "::ffff:192.0.2.1", "trader-7", "localhost.example", "127.1", ""],  # noqa: S104
)
def test_others_may_reach_it(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "trader-7"])  # noqa: S104
def test_off_loopback_nothing_starts_until_it_is_said_who_may_ask(tmp_path: Path, host: str) -> None:
    with pytest.raises(AccessUndecided, match=rf"API_HOST={host} .*: set API_TOKEN, .* or API_OPEN=true"):
        check_access(make_settings(tmp_path, api_host=host))


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"api_host": "localhost"},
        {"api_host": "0.0.0.0", "api_token": TOKEN},  # noqa: S104
        {"api_host": "0.0.0.0", "api_open": True},  # noqa: S104
    ],
)
def test_what_is_said_is_enough(tmp_path: Path, said: dict[str, Any]) -> None:
    settings = make_settings(tmp_path, **said)
    check_access(settings)
    check_access(settings, settings.api_host)


def test_faust_must_not_listen_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(AccessUndecided, match=r"--web-bind 0\.0\.0\.0 is not API_HOST \(127\.0\.0\.1\)"):
        check_access(make_settings(tmp_path, api_token=TOKEN), "0.0.0.0")  # noqa: S104
