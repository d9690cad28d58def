"""`stocks front`: who may ask."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli.front import command
from tests.unit.kafka.made import make_settings


def test_a_front_that_others_reach_says_who_may_ask(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Workers on loopback take it for this machine, and ask for no token."""
    ours = make_settings(tmp_path, api_host="0.0.0.0")  # noqa: S104
    monkeypatch.setattr("app.settings.settings", lambda: ours)
    done = CliRunner().invoke(command, ["--workers", "127.0.0.1:8001"])
    assert done.exit_code
    assert "API_TOKEN" in f"{done.output}{done.exception}"
