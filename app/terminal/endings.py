"""Ends a command in order after Ctrl-C, SIGTERM, or when its terminal is closed."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType, TracebackType
from typing import Any, Self

from app.terminal import hangup

#: The status of a command that was interrupted, as shells have it for Ctrl-C.
INTERRUPTED = 130

#: `timeout` and some shells send a signal to a process and to its group: so soon it is the same one.
TWICE_SECONDS = 0.05

_ENDING = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def interruptible() -> Iterator[None]:
    """Have SIGTERM and a terminal that was closed end a command as Ctrl-C does: by KeyboardInterrupt.

    So does the end of the reader of its output. What goes after the command has ended kills it no more.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # Only the main thread may say what signals do.
        return
    before = {number: signal.getsignal(number) for number in _ENDING}
    for number, handler in before.items():
        # `nohup` ignores SIGHUP, so that a program goes on without a terminal.
        if handler is not signal.SIG_IGN:
            signal.signal(number, _interrupt)
    over = threading.Event()

    def hang_up() -> None:
        if not over.is_set():
            os.kill(os.getpid(), signal.SIGHUP)

    if before[signal.SIGHUP] is not signal.SIG_IGN:
        hangup.watch(readers=True, gone=hang_up)
    try:
        yield
    finally:
        over.set()
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


class Stopping:
    """While entered, the first signal asks to stop, and a second Ctrl-C or SIGTERM ends the process at once.

    Nothing is raised, so that no lock and no transfer is torn: `stop` is called in the main thread between two of
    its steps and must return at once. `leaves` says, in a sentence, what an end at once leaves.
    """

    def __init__(
        self, stop: Callable[[], None], leaves: Callable[[], str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`clock` counts seconds."""
        self.asked = False
        self._stop, self._leaves, self._clock = stop, leaves, clock
        self._asked_at = 0.0
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, *_ENDING):
                handler = signal.getsignal(number)
                if handler is not signal.SIG_IGN:
                    self._before[number] = handler
                    signal.signal(number, self._on_signal)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if not self.asked:
            self.asked = True
            self._asked_at = self._clock()
            self._stop()
        elif number != signal.SIGHUP and self._clock() > self._asked_at + TWICE_SECONDS:
            # Not by print: the main thread may be in the midst of one.
            with suppress(OSError):
                os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, f"\n{self._leaves()}\n".encode())
            os._exit(INTERRUPTED)
