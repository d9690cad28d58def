"""Stops what the demo has started when the demo itself is killed and cannot.

A process of its own that reads lines from the demo: `child PID` and
`stack FOLDER` say what to stop, `done` that all is stopped already. The end of
the lines without that means that the demo is gone.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from app import stack

_GRACE_S = 6.0


class DemoGuard:
    """The demo's side of the guard process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "app.demo.guard"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    def child(self, pid: int) -> None:
        """Stop this process, and those it started, if the demo is killed."""
        self._say(f"child {pid}")

    def stack(self, stack_dir: Path) -> None:
        """Stop this stack if the demo is killed."""
        self._say(f"stack {stack_dir.absolute()}")

    def done(self) -> None:
        """All is stopped: there is nothing left to guard."""
        self._say("done")
        self._process.communicate()

    def _say(self, line: str) -> None:
        if self._process.stdin:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()


def guard(lines: Iterable[str]) -> None:
    """Read what is to be stopped, and stop it when the lines end without `done`."""
    children: list[int] = []
    stacks: list[Path] = []
    for line in lines:
        what, _, which = line.strip().partition(" ")
        if what == "done":
            return
        if what == "child":
            children.append(int(which))
        elif what == "stack":
            stacks.append(Path(which))
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + _GRACE_S
        for child in children:
            with suppress(ProcessLookupError):
                os.killpg(child, number)
        while any(map(_lives, children)) and time.monotonic() < deadline:
            time.sleep(0.05)
    for stack_dir in stacks:
        stack.stop(stack_dir)


def _lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    guard(sys.stdin)
