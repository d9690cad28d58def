"""Workers as forks of a process that has imported what takes time: tens of them start in the time of one."""

import multiprocessing
import os
import sys
from collections.abc import Mapping
from multiprocessing.connection import wait
from pathlib import Path
from threading import Lock

import httpx
import psutil

ROOT = Path(__file__).parents[3]

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.harness.crashing.preload"])

# Starting a process asks all others whether they have ended, and an answer can be read only once.
_lock = Lock()


class ForkedWorker:
    """`faust -A tests.harness.crashing.main worker` as a fork."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self._api = httpx.Client(base_url=f"http://127.0.0.1:{environment['API_PORT']}", timeout=10)
        self._path = log
        self._process = _context.Process(target=_run, args=(dict(environment), log), daemon=True)
        with _lock:
            self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def exitcode(self) -> int | None:
        with _lock:
            return self._process.exitcode

    def ended(self, seconds: float) -> int:
        """Its exit code, once it has ended."""
        wait([self._process.sentinel], seconds)
        code = self.exitcode
        assert code is not None, f"the worker did not end within {seconds:g} s:\n{self.tail()}"
        return code

    def answers(self) -> bool:
        assert self.exitcode is None, f"the worker ended with {self.exitcode}:\n{self.tail()}"
        try:
            return bool(self.get("/health"))
        except httpx.TransportError:
            return False

    def is_ready(self) -> bool:
        return self.answers() and self.get("/ready").status_code == 200

    def get(self, path: str) -> httpx.Response:
        return self._api.get(path)

    def is_paused(self) -> bool:
        return psutil.Process(self.pid).status() == psutil.STATUS_STOPPED

    def send_signal(self, number: int) -> None:
        if self.exitcode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        with _lock:
            self._process.kill()
        self.ended(30)
        self._api.close()

    def tail(self, characters: int = 20_000) -> str:
        return self.log()[-characters:]

    def log(self) -> str:
        """All that its data folder's workers have said."""
        return self._path.read_text(errors="replace")


def _run(environment: Mapping[str, str], log: Path) -> None:
    with log.open("ab") as output:
        for descriptor in (1, 2):
            os.dup2(output.fileno(), descriptor)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    sys.argv = ["faust", "-A", "tests.harness.crashing.main", "worker", "-l", "info"]

    from faust.cli.faust import cli

    cli()
