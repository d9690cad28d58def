import io
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

import pytest

from app.engine.app import BatchApp
from app.engine.errors import OperatorError
from app.logs.terminal_worker import TerminalWorker, worker_class
from app.settings import Settings
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


def json_worker(folder: Path, stream: IO[str]) -> TerminalWorker:
    """A worker of LOG_FORMAT=json."""
    kind = worker_class(
        Settings(log_format="json", schema_registry_api_key="k", schema_registry_api_secret="hunter2")  # type: ignore[arg-type]  # noqa: S106
    )
    app = BatchApp(make_options(folder / "data", worker=kind))
    return kind(app, stdout=stream, stderr=stream, override_logging=False)


@pytest.mark.parametrize("level", [logging.INFO, logging.DEBUG])
async def test_with_json_each_line_is_an_event(tmp_path: Path, level: int) -> None:
    said = io.StringIO()
    logger = set_up(json_worker(tmp_path, said), logging.StreamHandler(said), level)
    logger.handle(library(logging.ERROR, "wrong: %s", "hunter2 \x1b[2J\n"))
    logger.error("refused", extra={"topic": "stocks.raw.avro", "partition": 1, "offset": 7})
    first, second = map(json.loads, said.getvalue().splitlines())
    assert first["message"] == "wrong: *** \x1b[2J\n"
    assert (second["topic"], second["partition"], second["offset"]) == ("stocks.raw.avro", 1, 7)


async def test_with_json_ctrl_c_and_the_last_error_are_events_too(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    said = io.StringIO()
    worker = json_worker(tmp_path, said)
    worker.carp("-INT- -INT-")
    worker.tell(OperatorError("topic x has 3 partitions, wanted 8"), said)
    assert caplog.messages == ["Ctrl-C: stopping, once the batches in hand are committed."]
    event = json.loads(said.getvalue())
    assert (event["level"], event["message"]) == ("CRITICAL", "topic x has 3 partitions, wanted 8")


def test_without_it_they_are_for_people() -> None:
    assert worker_class(Settings()) is TerminalWorker


def library(level: int, message: str, *values: object) -> logging.LogRecord:
    """What Faust would log."""
    return logging.LogRecord("faust.worker", level, str(logging.__file__), 1, message, values, None)
