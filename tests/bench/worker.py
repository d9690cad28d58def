"""One worker as a child process, alone or under a sampling profiler."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import httpx
import psutil


class WorkerEnded(Exception):
    """The worker ended before its work did."""


class WorkerStuck(Exception):
    """The worker does not get on, or does not end."""


class BenchWorker:
    """`faust -A app.main worker` of the source tree `tree`, started by `prefix` (a profiler) if there is one."""

    def __init__(self, tree: Path, environment: Mapping[str, str], log: Path, prefix: Sequence[str] = ()) -> None:
        self.api = httpx.Client(base_url=f"http://127.0.0.1:{environment['API_PORT']}", timeout=10, trust_env=False)
        self._log = log
        with log.open("ab") as output:
            # `python -m` puts the working folder first on the path: the tree's own code runs.
            self._started = subprocess.Popen(
                [*prefix, sys.executable, "-m", "faust", "-A", "app.main", "worker", "-l", "info"],
                cwd=tree,
                env=dict(environment),
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self._has_prefix = bool(prefix)

    def check_alive(self) -> None:
        """Raise WorkerEnded if it has ended."""
        if self._started.poll() is not None:
            raise WorkerEnded(f"the worker ended with {self._started.returncode}:\n{self.log_tail()}")

    def cpu_seconds(self) -> float:
        """Processor time so far, of all its threads."""
        return sum(sum(process.cpu_times()[:2]) for process in self._workers())

    def resident_bytes(self) -> int:
        """How much memory it has now."""
        return sum(process.memory_info().rss for process in self._workers())

    def is_ready(self) -> bool:
        try:
            return self.api.get("/ready").status_code == 200
        except httpx.TransportError:
            return False

    def log_tail(self) -> str:
        return self._log.read_text(errors="replace")[-4000:]

    def stop(self, seconds: float = 20) -> None:
        """End it gently, and a profiler then writes what it saw. Raises WorkerStuck."""
        for process in self._workers():
            process.terminate()
        try:
            self._started.wait(seconds)
        except subprocess.TimeoutExpired:
            raise WorkerStuck(f"the worker runs on {seconds:g} s after SIGTERM:\n{self.log_tail()}") from None

    def kill(self) -> None:
        """End it at once if it still runs."""
        for process in self._workers():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._started.kill()
        self._started.wait()
        self.api.close()

    def _workers(self) -> list[psutil.Process]:
        try:
            started = psutil.Process(self._started.pid)
            return started.children() if self._has_prefix else [started]
        except psutil.NoSuchProcess:
            return []
