"""`faust` as a fork of a process that has imported what takes time: tens of workers start in the time of one."""

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.connection import wait
from pathlib import Path
from threading import Lock

ROOT = Path(__file__).parents[2]

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.harness.preload"])

# Starting a process asks all others whether they have ended, and an answer can be read only once.
_lock = Lock()


class ForkedFaust:
    """`faust ARGUMENTS` with this environment and no other; what it says is added to `log`. To use as a Popen."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self._arguments = list(arguments)
        log.touch()
        self._process = _context.Process(target=_run, args=(self._arguments, dict(environment), log), daemon=True)
        with _lock:
            self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        """Its exit code, the negative number of a signal, or None while it runs."""
        with _lock:
            return self._process.exitcode

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, once it has ended. Raises subprocess.TimeoutExpired."""
        wait([self._process.sentinel], timeout)
        code = self.returncode
        if code is None:
            raise subprocess.TimeoutExpired(["faust", *self._arguments], timeout or 0.0)
        return code

    def send_signal(self, number: int) -> None:
        # Afterwards the pid may be another process's.
        if self.returncode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _run(arguments: list[str], environment: Mapping[str, str], log: Path) -> None:
    with log.open("ab") as output:
        for descriptor in (1, 2):
            os.dup2(output.fileno(), descriptor)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    sys.argv = ["faust", *arguments]

    from faust.cli.faust import cli

    cli()
