"""`stocks front`: who may ask."""

import pytest
from click.testing import CliRunner

from app.cli import main


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
