"""Sends this process a signal when its terminal is closed or the reader of its output has ended.

Of a terminal that is closed the kernel tells the session's leader only, with SIGHUP. Where that is `make`, it waits
for its child, and the child is not informed. A program that writes seldom does not notice that its reader has ended
either. So a thread looks at the descriptors themselves.
"""

import os
import signal
import stat
import threading
from collections.abc import Callable, Iterable
from select import POLLERR, POLLHUP, poll

_INPUT, _OUTPUT, _ERRORS = 0, 1, 2


def watch(*, readers: bool, gone: Callable[[], None] | None = None) -> None:
    """Have this process get SIGHUP when its terminal is closed, unless it ignores that (`nohup`).

    With `readers` also when the reader of its standard output has ended. `gone` is called instead of SIGHUP.
    """
    if gone is None and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        return
    descriptors = list(_terminals())
    if readers and _is_pipe(_OUTPUT):
        descriptors.append(_OUTPUT)
    if descriptors:
        threading.Thread(target=_wait, args=(descriptors, gone or _hang_up), name="hangup", daemon=True).start()


def _terminals() -> Iterable[int]:
    """Those that this process prints to, and the one whose foreground it is in, wherever it prints to."""
    for descriptor in (_OUTPUT, _ERRORS):
        if _isatty(descriptor):
            yield descriptor
    if _isatty(_INPUT):
        try:
            foreground = os.tcgetpgrp(_INPUT)
        except OSError:  # The terminal of another session.
            return
        if foreground == os.getpgrp():
            yield _INPUT


def _wait(descriptors: Iterable[int], gone: Callable[[], None]) -> None:
    watched = poll()
    for descriptor in descriptors:
        # No event is asked for: these two always come.
        watched.register(descriptor, 0)
    while not any(event & (POLLHUP | POLLERR) for _, event in watched.poll()):
        pass
    gone()


def _hang_up() -> None:
    os.kill(os.getpid(), signal.SIGHUP)


def _isatty(descriptor: int) -> bool:
    try:
        return os.isatty(descriptor)
    except OSError:
        return False


def _is_pipe(descriptor: int) -> bool:
    try:
        return stat.S_ISFIFO(os.fstat(descriptor).st_mode)
    except OSError:
        return False
