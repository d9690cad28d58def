"""`stocks watch` without a worker: the events are handed in."""

from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from app.cli import main
from app.cli.event_stream import Cut, EventStream, StreamEvent
from tests.unit.records import SIGNAL

SNAPSHOT: dict[str, Any] = {"run_id": "run-1", "run_reason": "live", "signals": [], "partitions": []}


class Scripted:
    """A stream of these events, which then ends."""

    def __init__(self, urls: list[str], params: dict[str, str], headers: dict[str, str]) -> None:
        self.urls = urls

    def __iter__(self) -> Iterator[StreamEvent | Cut]:
        yield StreamEvent("snapshot", "0:1", SNAPSHOT)
        yield StreamEvent("signal", "0:2", {**SIGNAL, "timestamp": "2024-11-14T14:30:00Z"})
        yield Cut("http://127.0.0.1:1: \x1b[2Jgone")

    def close(self) -> None:
        pass


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_no_color_is_respected_and_no_answer_moves_the_cursor(
    monkeypatch: pytest.MonkeyPatch, no_color: str, coloured: bool
) -> None:
    # As on a terminal, which CliRunner is not.
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", no_color)
    result = CliRunner().invoke(main, ["watch"], obj={EventStream: Scripted})
    assert result.exit_code == 0, result.output
    assert "Watching run run-1 (live), 0 symbols" in result.output
    assert ("\x1b[" in result.output) == coloured
    assert "\x1b[2J" not in result.output
    assert "\\x1b[2Jgone" in result.output
