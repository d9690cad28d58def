"""Someone who asks a worker's API all the while, and watches its memory."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from time import monotonic

import httpx
import psutil

from tests.harness.http_client import http_client
from tests.integration.deployment import DeployedWorker

#: Requests a second that one client makes at most, as each takes up to a fifth of a second.
MOST_BY_ONE = 5


@dataclass
class Seen:
    """What was seen: milliseconds of each GET /signals, and what /ready and /metrics said of the lag."""

    milliseconds: list[float] = field(default_factory=list)
    refused: int = 0
    unanswered: int = 0
    lags: list[int] = field(default_factory=list)
    peak_bytes: int = 0

    def percentile(self, percent: int) -> float:
        """Of the milliseconds that answers took; 0 when there were too few."""
        return quantiles(self.milliseconds, n=100)[percent - 1] if len(self.milliseconds) > 1 else 0.0


@contextmanager
def looking_on(worker: DeployedWorker, per_second: float) -> Iterator[Seen]:
    """Ask so many times a second until the block ends, by clients that each wait for their answers."""
    seen, stopped = Seen(), threading.Event()
    clients = max(1, round(per_second / MOST_BY_ONE))
    asking = (worker, per_second / clients, seen, stopped)
    threads = [threading.Thread(target=_ask, args=asking) for _ in range(clients)]
    threads.append(threading.Thread(target=_look, args=(worker, seen, stopped)))
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stopped.set()
        for thread in threads:
            thread.join()
        seen.peak_bytes = max(seen.peak_bytes, peak_bytes(worker.process.pid))


def peak_bytes(pid: int) -> int:
    """The most memory that a process ever had resident, by the kernel where it tells."""
    with suppress(OSError, ValueError, IndexError):
        status = Path(f"/proc/{pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024
    with suppress(psutil.NoSuchProcess):
        return int(psutil.Process(pid).memory_info().rss)
    return 0


def _ask(worker: DeployedWorker, per_second: float, seen: Seen, stopped: threading.Event) -> None:
    due = monotonic()
    with http_client(base_url=worker.url, timeout=10) as client:
        while not stopped.wait(max(0.0, due - monotonic())):
            started = monotonic()
            due = max(due + 1 / per_second, started)
            try:
                answer = client.get("/signals")
            except httpx.TransportError:
                seen.unanswered += bool(seen.milliseconds)
                continue
            if answer.status_code == 200:
                seen.milliseconds.append(1000 * (monotonic() - started))
            else:
                seen.refused += 1


def _look(worker: DeployedWorker, seen: Seen, stopped: threading.Event) -> None:
    with http_client(base_url=worker.url, timeout=10) as client:
        while not stopped.wait(1.0):
            seen.peak_bytes = max(seen.peak_bytes, peak_bytes(worker.process.pid))
            with suppress(httpx.TransportError):
                if (lag := _lag(client)) is not None:
                    seen.lags.append(lag)


def _lag(client: httpx.Client) -> int | None:
    """Of all partitions; None while the worker does not know."""
    lines = client.get("/metrics").text.splitlines()
    lags = [float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("stocks_lag_records{")]
    return round(sum(lags)) if lags else None
