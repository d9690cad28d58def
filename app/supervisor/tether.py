"""Becomes a worker that ends when its supervisor does: `python -m app.supervisor.tether PID ARGUMENTS…`.

A supervisor that is killed cannot stop its workers. So the kernel is asked to kill this process
when its parent, process PID, ends; it keeps that in mind when the process becomes another program.
Only Linux can; elsewhere the workers of a killed supervisor go on, and their ports name them.
"""

import ctypes
import os
import signal
import sys

#: Of Linux's sys/prctl.h.
_PR_SET_PDEATHSIG = 1


def main(parent: int, arguments: list[str]) -> None:
    """Run `faust` with these arguments in place of this program."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        return  # The parent ended before the kernel was asked.
    os.execv(sys.executable, [sys.executable, "-m", "faust", *arguments])  # noqa: S606


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
