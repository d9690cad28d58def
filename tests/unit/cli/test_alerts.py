"""`stocks alerts --dry-run` shows what strangers may have written into records."""

from collections.abc import Callable

import pytest
from click.testing import CliRunner

from app.alerts import dry_run
from app.cli.alerts import command


class Scripted:
    """A dry run that would send one message of two lines."""

    def __init__(self, settings: object, show: Callable[[str], None]) -> None:
        self._show = show

    def run(self, *, until_end: bool) -> None:
        self._show("AAPL turned to BUY\n\x1b[2Jwhy")


def test_no_message_moves_the_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dry_run, "DryRun", Scripted)
    result = CliRunner().invoke(command, ["--dry-run"])
    assert result.output == "AAPL turned to BUY\n\\x1b[2Jwhy\n"
