"""Formats log lines so that they are safe on a terminal, and leaves out what only maintainers of Faust would read."""

import logging
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from aiokafka.errors import GroupAuthorizationFailedError
from mode.utils.logging import ExtensionFormatter

from app.engine.errors import OperatorError
from app.terminal.streams import colours
from app.terminal.visible import visible, visible_lines

FORMAT = "[%(asctime)s] [%(process)s] [%(levelname)s] %(message)s"
COLOURED = "[%(asctime)s] [%(process)s] [%(levelname)s] %(log_color)s%(message)s"
_COLOURS = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "bold_red"}

_OURS = tuple(f"{Path(__file__).parents[2] / name}/" for name in ("app", "agents", "tables", "web", "schemas"))
_LIBRARIES = tuple(f"{sysconfig.get_path(name)}/" for name in ("purelib", "platlib", "stdlib"))

#: The logger to which Faust sends what a program prints; a user's own rule may print.
_PRINTED = "mode.redirect"


#: What aiokafka says when a worker joins, leaves, or is the first of its group on a new broker.
_PASSING = ("Heartbeat failed for group %s because it is rebalancing", "Group Coordinator Request failed: %s")

#: Errors that a sentence for the person who runs this follows: where they were raised is of no use to that person.
_SENTENCES = (OperatorError, GroupAuthorizationFailedError, type(None))

#: Such a message is logged once it has come for so long; heartbeats are a few seconds apart.
LASTS_SECONDS = 15.0


class LogLine(ExtensionFormatter):
    """Faust's formatter; control characters in messages and values are shown as escapes."""

    def __init__(self, stream: IO[str] | None) -> None:
        """For a stream, coloured if it is a terminal and NO_COLOR is not set; without one never coloured."""
        plain = stream is None or not colours()
        super().__init__(
            stream=stream, fmt=FORMAT if plain else COLOURED, log_colors=_COLOURS, no_color=plain, reset=not plain
        )

    def format_arg(self, arg: Any, record: logging.LogRecord) -> Any:
        """A text that is put into a message may be a key or a symbol: it stays on one line."""
        return visible(arg) if isinstance(arg, str) else super().format_arg(arg, record)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """The line."""
        record.message = visible_lines(record.message)
        return str(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        """The traceback, with what the error quotes."""
        return visible_lines(super().formatException(ei))


class PlainLine(logging.Formatter):
    """The formatter for programs without Faust: time, level and message."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """The line."""
        record.message = visible_lines(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        """The traceback, with what the error quotes."""
        return visible_lines(super().formatException(ei))


class OursOrWrong(logging.Filter):
    """Lets through all messages of our own code, and the warnings of libraries.

    By the file that speaks, not by the logger: Faust's services log their start and stop under the names of the
    modules that they are derived in. What aiokafka warns of each time a group changes is a fault only when it lasts.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` counts seconds."""
        super().__init__()
        self._clock = clock
        self._lasting: dict[str, tuple[float, float]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is to be logged."""
        if record.exc_info and isinstance(record.exc_info[1], _SENTENCES):
            record.exc_info = None
        message = str(record.msg)
        if message.startswith(_PASSING) and not self._lasts(message):
            return False
        return (
            record.levelno >= logging.WARNING
            or record.name == _PRINTED
            or record.pathname.startswith(_OURS)
            or not record.pathname.startswith(_LIBRARIES)
        )

    def _lasts(self, message: str) -> bool:
        now = self._clock()
        first, last = self._lasting.get(message, (now, now))
        if now - last > LASTS_SECONDS:
            first = now
        self._lasting[message] = first, now
        return now - first >= LASTS_SECONDS
