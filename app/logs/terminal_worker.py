"""The worker's log and terminal: it ends in order even if nobody can read its output any more."""

import logging
import os
import signal
from typing import IO, Any, NoReturn, cast

import click
from faust.cli.worker import worker as worker_command

from app.engine.app import BatchApp
from app.engine.boot import CheckedWorker
from app.engine.errors import OperatorError
from app.logs.json_line import JsonLine, secrets
from app.logs.lines import LogLine, OursOrWrong
from app.settings import Settings
from app.terminal import hangup
from app.terminal.streams import let_go, lossy

log = logging.getLogger(__name__)

_INTERRUPTED = "-INT-"


class TerminalWorker(CheckedWorker):
    """Faust's worker with few log lines, unless `-l debug`; it also ends when nobody can read its output."""

    def __init__(self, *arguments: Any, stdout: IO[str], stderr: IO[str], **options: Any) -> None:
        super().__init__(*arguments, stdout=lossy(stdout), stderr=lossy(stderr), **options)
        # With `-l warn` Faust shows a spinner and hides the cursor, also in a pipe.
        self.spinner = None

    def execute_from_commandline(self) -> NoReturn:
        """Run the worker until it ends, by a signal or by its terminal."""
        hangup.watch(readers=False)
        try:
            super().execute_from_commandline()
        finally:
            let_go()

    def on_setup_root_logger(self, logger: logging.Logger, level: int) -> None:
        """Have the handlers show what a person who runs a worker wants to know, readable, and never fail."""
        super().on_setup_root_logger(logger, level)
        for handler in logger.handlers:
            if level > logging.DEBUG:
                handler.addFilter(OursOrWrong())
            if isinstance(handler, logging.FileHandler):
                handler.setFormatter(self.line(None))
            elif isinstance(handler, logging.StreamHandler):
                handler.setFormatter(self.line(handler.stream))
                # Not by setStream, which flushes the old one, and nobody may read that any more.
                handler.stream = lossy(handler.stream)

    def line(self, stream: IO[str] | None) -> logging.Formatter:
        """How a log line looks on a stream, or in a file."""
        return LogLine(stream)

    async def on_execute(self) -> None:
        """Say what is started, in a line: Faust's banner has seventeen."""
        await super().on_execute()
        conf, options = self.app.conf, cast(BatchApp, self.app).options
        api = f"API at http://{conf.web_host}:{conf.web_port}/" if conf.web_enabled else "without API"
        log.info(
            "Starting: worker of %s, process %d, Kafka at %s, tables in %s, %s",
            options.id,
            os.getpid(),
            ",".join(options.brokers),
            options.data_dir,
            api,
        )

    def install_signal_handlers(self) -> None:
        """Also end in order when the terminal is closed; `nohup` ignores that, so that a worker goes on."""
        super().install_signal_handlers()
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            self.loop.add_signal_handler(signal.SIGHUP, signal.raise_signal, signal.SIGTERM)

    def carp(self, msg: str) -> None:
        """Print a message for the user at the terminal."""
        super().carp(_interrupted(msg))


def worker_class(settings: Settings) -> type[TerminalWorker]:
    """The worker whose log has the form that LOG_FORMAT asks for."""
    if settings.log_format == "text":
        return TerminalWorker
    formatter = JsonLine(secrets(settings))

    class JsonWorker(TerminalWorker):
        """A worker whose whole output is JSON: one object in each line."""

        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            # Faust's command prints its banner once it has made the worker, unless it is called with --quiet.
            setattr(worker_command, "on_worker_created", lambda *_: None)  # noqa: B010  # It is a method.

        def line(self, stream: IO[str] | None) -> logging.Formatter:
            """The formatter for every stream."""
            return formatter

        def carp(self, msg: str) -> None:
            """Faust says so on stderr."""
            log.warning("%s", _interrupted(msg))

        def tell(self, error: OperatorError, stream: IO[str] | None) -> None:
            """Write without the log: it may not be set up yet, or be closed already."""
            record = log.makeRecord(log.name, logging.CRITICAL, __file__, 0, "%s", (error,), None)
            click.echo(formatter.format(record), file=stream)

    return JsonWorker


def _interrupted(said: str) -> str:
    """Faust's own message after Ctrl-C is not a sentence; this is one."""
    return "Ctrl-C: stopping, once the batches in hand are committed." if _INTERRUPTED in said else said
