"""What a worker and the broker take while they work."""

from contextlib import suppress
from threading import Event, Thread
from time import time
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np
import psutil

from tests.bench.running import Running

#: How often to look.
LOOK_SECONDS = 0.1


class Sample(NamedTuple):
    """Seconds of processor time since each process started, and when that was (seconds since 1970)."""

    at: float
    worker: float
    broker: float


class Meter:
    """Looks at a worker and the broker, if it is ours, from a thread; a context manager."""

    def __init__(self, worker: Running, broker_pid: int | None) -> None:
        self._worker = worker
        self._broker = psutil.Process(broker_pid) if broker_pid else None
        self.samples: list[Sample] = []
        self.peak_bytes = 0
        self._stop = Event()
        self._thread = Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """Look a last time, and no more."""
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        last = False
        while not last:
            last = self._stop.wait(LOOK_SECONDS)
            with suppress(psutil.NoSuchProcess):
                broker = sum(self._broker.cpu_times()[:2]) if self._broker else 0.0
                self.samples.append(Sample(time(), self._worker.cpu_seconds(), broker))
                self.peak_bytes = max(self.peak_bytes, self._worker.resident_bytes())


def cpu_between(samples: list[Sample], start: float, end: float) -> tuple[float, float]:
    """Processor seconds of worker and broker between two times, as if spent evenly between two looks."""
    times, *spent = zip(*samples, strict=True)
    worker, broker = (float(np.diff(np.interp([start, end], times, each))[0]) for each in spent)
    return worker, broker
