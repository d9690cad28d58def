import io
import os
from contextlib import redirect_stdout
from typing import IO

import pytest

from app.terminal.streams import Lossy, console, is_gone


@pytest.fixture
def unread() -> IO[str]:
    """A stream whose reader has gone."""
    reader, writer = os.pipe()
    os.close(reader)
    return os.fdopen(writer, "w", buffering=1)


def test_what_nobody_reads_is_lost_without_a_word(unread: IO[str]) -> None:
    lossy = Lossy(unread)
    assert lossy.write("a line\n") == 7
    lossy.flush()
    assert is_gone(unread.fileno())
    with pytest.raises(BrokenPipeError):
        unread.close()


def test_a_pipe_with_a_reader_and_a_file_are_not_gone(tmp_path: object) -> None:
    reader, writer = os.pipe()
    assert not is_gone(writer)
    os.close(reader)
    assert is_gone(writer)
    os.close(writer)


def test_the_rest_is_as_the_stream_has_it() -> None:
    assert Lossy(io.StringIO()).isatty() is False


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("no_color", "escapes"), [("", True), ("1", False)])
def test_no_color_means_no_escape_sequence_at_all(
    monkeypatch: pytest.MonkeyPatch, no_color: str, escapes: bool
) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("TERM", "xterm")
    with redirect_stdout(Tty()) as shown:
        console().print("BUY", style="bold green")
    assert ("\x1b" in shown.getvalue()) is escapes


def test_a_persistent_console_outlives_its_reader(unread: IO[str]) -> None:
    with redirect_stdout(unread):
        console(persistent=True).print("a line")
    with pytest.raises(BrokenPipeError):
        unread.close()
