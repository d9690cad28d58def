"""The processes that the demo starts, each with a log of its own."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from app.errors import StocksError

_TAIL_LINES = 15
GRACE_S = 6.0


class ChildDied(StocksError):
    """One of them ended, with the end of what it logged."""


class ChildProcess:
    """A process apart from the terminal, so that Ctrl-C reaches its parent only."""

    def __init__(self, name: str, arguments: Sequence[str], env: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self._log_start = output.tell()
            self.process = subprocess.Popen(
                arguments,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def check(self) -> None:
        """Raises ChildDied when it has ended."""
        status = self.process.poll()
        if status is None:
            return
        how = f"with status {status}" if status >= 0 else f"by {signal.Signals(-status).name}"
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            lines = log.read().decode(errors="replace").splitlines()[-_TAIL_LINES:]
        said = "\n".join(f"  {line}" for line in lines) or "  (nothing)"
        raise ChildDied(f"The {self.name} has ended {how}. The end of {self.log}:\n{said}")


class StackService:
    """Kafka or the registry: a process that somebody else may have started."""

    def __init__(self, name: str, pid: int, log: Path) -> None:
        self.name = name
        self.log = log
        self._process = psutil.Process(pid)

    def check(self) -> None:
        """Raises ChildDied when it has ended."""
        if not self._process.is_running() or self._process.status() == psutil.STATUS_ZOMBIE:
            raise ChildDied(f"{self.name} has ended, so nothing can go on. Its log: {self.log}")


def stop(children: Sequence[ChildProcess], grace_s: float = GRACE_S) -> None:
    """Ends them all, and what they have started; those that have not ended after `grace_s` are killed."""
    deadline = time.monotonic() + grace_s
    for child in children:
        child.process.terminate()
    for child in children:
        with suppress(subprocess.TimeoutExpired):
            child.process.wait(max(0.0, deadline - time.monotonic()))
        with suppress(ProcessLookupError):
            os.killpg(child.process.pid, signal.SIGKILL)
        child.process.wait()
