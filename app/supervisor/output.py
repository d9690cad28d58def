"""Writes the lines of several workers to one output, which may be slow, stopped or gone."""

import asyncio
import errno
import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from queue import SimpleQueue
from select import select
from threading import Thread

_LONGEST_LINE = 64 * 1024
_REMEMBERED_LINES = 30
_ERROR = "Error: "

#: Errors that say that nobody can read any more: the reader has ended, or the terminal was closed.
_GONE = (errno.EPIPE, errno.EIO, errno.EBADF)


class Lines:
    """Cuts what one worker says into whole lines, each with a prefix, and remembers the last ones."""

    def __init__(self, prefix: bytes) -> None:
        self._prefix = prefix
        self._begun = b""
        self._last: deque[str] = deque(maxlen=_REMEMBERED_LINES)

    def feed(self, data: bytes) -> bytes:
        """The lines that are whole now; a very long one is cut."""
        *whole, self._begun = (self._begun + data).split(b"\n")
        while len(self._begun) > _LONGEST_LINE:
            whole.append(self._begun[:_LONGEST_LINE])
            self._begun = self._begun[_LONGEST_LINE:]
        self._last.extend(line.decode(errors="replace") for line in whole if line.strip())
        return b"".join(self._prefix + line + b"\n" for line in whole)

    def end(self) -> bytes:
        """The rest: a line without an end."""
        return self.feed(b"\n") if self._begun else b""

    def last_words(self) -> str:
        """The error it ended with, of one or more lines, or else its last line."""
        lines = list(self._last)
        errors = [index for index, line in enumerate(lines) if line.startswith(_ERROR)]
        return "\n".join(lines[errors[-1] :]).removeprefix(_ERROR) if errors else "".join(lines[-1:])


class Output:
    """Writes to a file descriptor in a thread of its own, so that its reader cannot hold the event loop.

    To be made in the loop. `on_gone` is called there, once, when nobody can read any more.
    """

    def __init__(self, descriptor: int, on_gone: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._loop = asyncio.get_running_loop()
        self._on_gone = on_gone
        self._hurried = self._loop.create_future()
        self._waiting: SimpleQueue[tuple[bytes, Future[None]]] = SimpleQueue()
        # A daemon, for it may be stuck in a write when everything else has ended.
        Thread(target=self._write_all, daemon=True).start()

    async def write(self, lines: bytes) -> None:
        """Returns when they are written, so that a slow reader slows those who write, or when they cannot be."""
        await asyncio.wait({self._put(lines), self._hurried}, return_when=asyncio.FIRST_COMPLETED)

    def hurry(self) -> None:
        """Do not wait for a slow reader any more."""
        if not self._hurried.done():
            self._hurried.set_result(None)

    async def flush(self, seconds: float) -> None:
        """Returns when everything is written, or the reader has been waited for so long."""
        await asyncio.wait({self._put(b"")}, timeout=seconds)

    def _put(self, lines: bytes) -> asyncio.Future[None]:
        done: Future[None] = Future()
        self._waiting.put((lines, done))
        return asyncio.wrap_future(done)

    def _write_all(self) -> None:
        gone = False
        while True:
            lines, done = self._waiting.get()
            while lines and not gone:
                try:
                    lines = lines[os.write(self._descriptor, lines) :]
                except BlockingIOError:  # The program that started this one has set the descriptor so.
                    select([], [self._descriptor], [])
                except OSError as error:
                    if error.errno not in _GONE:
                        break  # A full disk, say: these lines are lost, and the workers go on.
                    gone = True
                    with suppress(RuntimeError):  # The loop has ended too.
                        self._loop.call_soon_threadsafe(self._on_gone)
            done.set_result(None)
