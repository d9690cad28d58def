"""Output streams that survive the end of their reader."""

import errno
import os
import stat
import sys
from contextlib import suppress
from select import POLLERR, POLLHUP, POLLNVAL, poll
from typing import IO, TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from rich.console import Console

#: The errors of a write when nobody can read any more: the reader has ended, or the terminal was closed.
GONE = (errno.EPIPE, errno.EIO, errno.EBADF)

#: The errors of a write to a file that has no room to grow.
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

_OUTPUTS = (1, 2)


class Lossy:
    """A text stream that loses what cannot be written: a worker must not depend on who reads what it says."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """As a file does, but never raises OSError."""
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """As a file does, but never raises OSError."""
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def lossy(stream: IO[str]) -> IO[str]:
    """The stream, but with what cannot be written lost."""
    return cast(IO[str], Lossy(stream))


def is_gone(descriptor: int) -> bool:
    """Whether nobody can read what is written there: a pipe without a reader, or a terminal that was closed."""
    watched = poll()
    watched.register(descriptor, 0)
    return any(event & (POLLERR | POLLHUP | POLLNVAL) for _, event in watched.poll(0))


def let_go(*, full: bool = False) -> None:
    """Send what is still to be written to nobody, where nobody reads: Python complains of it as it ends.

    `full`: also what a file had no room for.
    """
    for descriptor in _OUTPUTS:
        if is_gone(descriptor) or (full and _is_file(descriptor)):
            nobody = os.open(os.devnull, os.O_WRONLY)
            if nobody != descriptor:
                os.dup2(nobody, descriptor)
                os.close(nobody)


def _is_file(descriptor: int) -> bool:
    mode = os.fstat(descriptor).st_mode
    return not stat.S_ISFIFO(mode) and not os.isatty(descriptor)


def say(sentence: str, stream: IO[str] | None = None) -> None:
    """Print a last sentence, on stderr unless another stream is given, if anybody can read it."""
    with suppress(OSError):
        print(sentence, file=stream or sys.stderr, flush=True)


def colours() -> bool:
    """Whether colours are wanted where there can be any: not with NO_COLOR (https://no-color.org)."""
    return not os.environ.get("NO_COLOR")


def console(*, stderr: bool = False, soft_wrap: bool = False, persistent: bool = False) -> "Console":
    """A rich console that takes NO_COLOR to mean no escape sequence in text, bold and dim included.

    A `persistent` one goes on when nobody reads any more; another ends the program then.
    """
    from rich.console import Console

    system: Any = "auto" if colours() else None
    file = lossy(sys.stderr if stderr else sys.stdout) if persistent else None
    return Console(stderr=stderr, file=file, highlight=False, soft_wrap=soft_wrap, color_system=system)
