import io

import pytest
from rich.console import Console

from app.stack.progress import Reporter, Shown, Silent

TOTAL = 203_000_000


def use(reporter: Reporter) -> None:
    reporter.say("Downloading [into] a folder")
    with reporter.waiting("Waiting…"):
        pass
    with reporter.downloading(TOTAL) as advance:
        for _ in range(203):
            advance(1_000_000)


def test_plain_lines_without_a_terminal() -> None:
    out = io.StringIO()
    use(Shown(Console(file=out, force_terminal=False)))
    lines = out.getvalue().splitlines()
    assert lines[:3] == ["Downloading [into] a folder", "Waiting…", "Downloaded 21 of 203 MB"]
    assert lines[-1] == "Downloaded 203 of 203 MB"
    assert len(lines) == 12


def test_a_bar_with_bytes_on_a_terminal() -> None:
    out = io.StringIO()
    use(Shown(Console(file=out, force_terminal=True, width=100, color_system=None, legacy_windows=False)))
    assert "203.0/203.0 MB" in out.getvalue()


def test_silent_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    use(Silent())
    assert capsys.readouterr() == ("", "")
