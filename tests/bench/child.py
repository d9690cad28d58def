"""A program that is measured, as a child process, alone or under a sampling profiler."""

import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import httpx
import psutil

from tests.bench.running import WorkerEnded, WorkerStuck


class BenchChild:
    """Started in `folder` by `prefix` (a profiler) if there is one; logs to a file, stdout to it too or to a pipe."""

    api: httpx.Client | None = None

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        log: Path,
        *,
        prefix: Sequence[str] = (),
        pipe: bool = False,
    ) -> None:
        self._log = log
        with log.open("ab") as output:
            self._started = subprocess.Popen(
                [*prefix, *command],
                cwd=folder,
                env=dict(environment),
                stdout=subprocess.PIPE if pipe else output,
                stderr=output,
            )
        self._has_prefix = bool(prefix)

    @property
    def stdout(self) -> IO[bytes]:
        """The pipe."""
        assert self._started.stdout is not None
        return self._started.stdout

    def check_alive(self) -> None:
        if self._started.poll() is not None:
            raise WorkerEnded(f"the program ended with {self._started.returncode}:\n{self.log_tail()}")

    def cpu_seconds(self) -> float:
        return sum(sum(process.cpu_times()[:2]) for process in self._processes())

    def resident_bytes(self) -> int:
        return sum(process.memory_info().rss for process in self._processes())

    def log_tail(self) -> str:
        return self._log.read_text(errors="replace")[-4000:]

    def stop(self, seconds: float = 20) -> None:
        """End it gently, and a profiler then writes what it saw. Raises WorkerStuck."""
        for process in self._processes():
            process.terminate()
        try:
            self._started.wait(seconds)
        except subprocess.TimeoutExpired:
            raise WorkerStuck(f"the program runs on {seconds:g} s after SIGTERM:\n{self.log_tail()}") from None

    def kill(self) -> None:
        for process in self._processes():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._started.kill()
        self._started.wait()

    def _processes(self) -> list[psutil.Process]:
        try:
            started = psutil.Process(self._started.pid)
            return started.children() if self._has_prefix else [started]
        except psutil.NoSuchProcess:
            return []
