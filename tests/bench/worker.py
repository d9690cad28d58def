"""Workers of a source tree of ours, and a peer, as what is measured."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Thread
from time import time

import httpx

from tests.bench.child import BenchChild
from tests.bench.running import Running
from tests.bench.worker_log import READY, logged_at
from tests.harness.http_client import http_client


class BenchWorker(BenchChild):
    """`faust -A app.main worker` of the source tree `tree`."""

    api: httpx.Client

    def __init__(self, tree: Path, environment: Mapping[str, str], log: Path, prefix: Sequence[str] = ()) -> None:
        self.api = http_client(base_url=f"http://127.0.0.1:{environment['API_PORT']}", timeout=10)
        self._since = time()
        # `python -m` puts the working folder first on the path: the tree's own code runs.
        command = [sys.executable, "-m", "faust", "-A", "app.main", "worker", "-l", "info"]
        super().__init__(command, tree, environment, log, prefix=prefix)

    def is_ready(self) -> bool:
        try:
            return self.api.get("/ready").status_code == 200
        except httpx.TransportError:
            return False

    def ready_at(self) -> float | None:
        return logged_at(self._log, READY, self._since)

    def kill(self) -> None:
        super().kill()
        self.api.close()


class PeerProcess(BenchChild):
    """A peer, which says READY on its stdout."""

    def __init__(self, command: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path) -> None:
        super().__init__(command, folder, environment, log, pipe=True)
        self._ready_at: float | None = None
        Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with self._log.open("ab") as log:
            for line in self.stdout:
                if line.strip() == b"READY":
                    self._ready_at = self._ready_at or time()
                else:
                    log.write(line)

    def is_ready(self) -> bool:
        return self._ready_at is not None

    def ready_at(self) -> float | None:
        return self._ready_at


class Workers:
    """Several that share the partitions; ready when all are, and at work since the first began to fetch."""

    def __init__(self, workers: Sequence[Running]) -> None:
        self._workers = workers
        self.api = workers[0].api

    def check_alive(self) -> None:
        for worker in self._workers:
            worker.check_alive()

    def is_ready(self) -> bool:
        return all(worker.is_ready() for worker in self._workers)

    def ready_at(self) -> float | None:
        return min((at for worker in self._workers if (at := worker.ready_at()) is not None), default=None)

    def cpu_seconds(self) -> float:
        return sum(worker.cpu_seconds() for worker in self._workers)

    def resident_bytes(self) -> int:
        return sum(worker.resident_bytes() for worker in self._workers)

    def log_tail(self) -> str:
        return "\n".join(worker.log_tail() for worker in self._workers)

    def stop(self) -> None:
        for worker in self._workers:
            worker.stop()

    def kill(self) -> None:
        for worker in self._workers:
            worker.kill()
