"""Becomes a program that is killed when its parent ends: `python -m app.supervisor.tether PARENT COMMAND…`.

A supervisor that is killed with SIGKILL cannot stop its workers. So the kernel is asked to kill this process when
the parent, process PARENT, ends; that still holds when the process has become another program. Only Linux can do
it: elsewhere the workers of a killed supervisor go on, and the next start names the first port that they have.
"""

import ctypes
import os
import signal
import sys

#: Of Linux's sys/prctl.h.
_PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    """Run the command in place of this program."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        return  # The parent ended before the kernel was asked.
    os.execv(command[0], command)  # noqa: S606 - a list of arguments, no shell


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
