import io
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

import pytest

from app.engine.app import BatchApp
from app.logs.worker import TerminalWorker
from tests.unit.engine.made import make_options


@pytest.fixture
def unread() -> Iterator[IO[str]]:
    """A stream whose reader has gone."""
    reader, writer = os.pipe()
    os.close(reader)
    stream = os.fdopen(writer, "w", buffering=1)
    yield stream
    with pytest.raises(BrokenPipeError):
        stream.close()


def made(folder: Path, stream: IO[str], **options: Any) -> TerminalWorker:
    app = BatchApp(make_options(folder / "data", worker=TerminalWorker))
    assert cast(Any, app.conf).Worker is TerminalWorker
    return TerminalWorker(app, stdout=stream, stderr=stream, override_logging=False, **options)


def set_up(worker: TerminalWorker, handler: logging.Handler, level: int) -> logging.Logger:
    """A logger as Faust hands it over, of the name of a library's."""
    logger = logging.Logger("faust.worker")
    logger.addHandler(handler)
    worker.on_setup_root_logger(logger, level)
    return logger


async def test_ctrl_c_is_answered_with_a_sentence(tmp_path: Path) -> None:
    said = io.StringIO()
    made(tmp_path, said).carp("-INT- -INT- -INT- -INT- -INT- -INT-")
    assert said.getvalue() == "Ctrl-C: stopping, once the batches in hand are committed.\n"


async def test_nothing_that_it_says_fails_when_nobody_reads(
    tmp_path: Path, unread: IO[str], capsys: pytest.CaptureFixture[str]
) -> None:
    worker = made(tmp_path, unread)
    worker.carp("-INT-")
    worker.say("ready")
    set_up(worker, logging.StreamHandler(unread), logging.INFO).error("wrong")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("level", [logging.INFO, logging.WARNING])
async def test_its_lines_are_safe_and_calm(tmp_path: Path, level: int) -> None:
    said = io.StringIO()
    logger = set_up(made(tmp_path, said), logging.StreamHandler(said), level)
    logger.handle(library(logging.INFO, "Starting..."))
    logger.handle(library(logging.ERROR, "wrong: %s", "\x1b[2J\n"))
    assert said.getvalue().endswith("[ERROR] wrong: \\x1b[2J\\n\n")
    assert "Starting" not in said.getvalue()


async def test_debug_shows_it_all(tmp_path: Path) -> None:
    said = io.StringIO()
    logger = set_up(made(tmp_path, said), logging.StreamHandler(said), logging.DEBUG)
    logger.handle(library(logging.INFO, "Starting..."))
    assert "Starting..." in said.getvalue()


async def test_a_log_file_has_no_colours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    log = tmp_path / "worker.log"
    handler = logging.FileHandler(log)
    set_up(made(tmp_path, io.StringIO()), handler, logging.INFO).handle(library(logging.ERROR, "wrong"))
    handler.close()
    assert "\x1b" not in log.read_text()


def library(level: int, message: str, *values: object) -> logging.LogRecord:
    """What Faust would log."""
    return logging.LogRecord("faust.worker", level, str(logging.__file__), 1, message, values, None)
