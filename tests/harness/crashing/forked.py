"""A worker with a saboteur in it, as a fork."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import httpx
import psutil

from tests.harness.forked_faust import ForkedFaust
from tests.harness.http_client import http_client


class ForkedWorker:
    """`faust -A tests.harness.crashing.main worker` as a fork."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self._api = http_client(base_url=f"http://127.0.0.1:{environment['API_PORT']}", timeout=10)
        self._path = log
        self._process = ForkedFaust(["-A", "tests.harness.crashing.main", "worker", "-l", "info"], environment, log)
        self.pid = self._process.pid

    @property
    def exitcode(self) -> int | None:
        return self._process.returncode

    def ended(self, seconds: float) -> int:
        """Its exit code, once it has ended."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the worker did not end within {seconds:g} s:\n{self.tail()}") from None

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
        self._process.send_signal(number)

    def kill(self) -> None:
        self._process.kill()
        self.ended(30)
        self._api.close()

    def tail(self, characters: int = 20_000) -> str:
        return self.log()[-characters:]

    def log(self) -> str:
        """All that its data folder's workers have said."""
        return self._path.read_text(errors="replace")
