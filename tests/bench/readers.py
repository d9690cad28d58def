"""The minute's burst while the API is read, beside the same burst alone; in turns, on the same worker."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from statistics import median
from threading import Event, Thread
from time import monotonic

import httpx

from tests.bench.burst import BURSTS, burst, fill, idle_cpu
from tests.bench.figures import Figure, Measurement
from tests.bench.recorded_bars import RecordedBars
from tests.bench.running import Running, WorkerStuck
from tests.bench.trial import Trial

REQUESTS_PER_SECOND = 50

#: So many clients, so that one slow answer does not keep the others from asking.
CLIENTS = 5

PATHS = (
    "/signals?limit=100",
    "/signals?limit=100&action=BUY",
    "/signals?limit=100&transitions=true",
    "/signals/S0001?limit=5",
    "/windows/S0002",
)


@dataclass(frozen=True, slots=True)
class ReadersResult:
    """Seconds of the bursts alone and beside readers, and the milliseconds that answers took."""

    symbols: int
    alone: list[float]
    beside: list[float]
    answers: list[float]

    @property
    def slower(self) -> float:
        return median(self.beside) / median(self.alone)


@dataclass(slots=True)
class Readers:
    """Clients that ask one address after another, each at its pace, until stopped."""

    worker: Running
    answers: list[float] = field(default_factory=list)
    _stop: Event = field(default_factory=Event)

    def ask(self, first: int) -> None:
        if self.worker.api is None:
            raise WorkerStuck("there is no API to read")
        paths = cycle(PATHS[first:] + PATHS[:first])
        due = monotonic()
        with httpx.Client(base_url=self.worker.api.base_url, timeout=10, trust_env=False) as client:
            while not self._stop.is_set():
                began = monotonic()
                if client.get(next(paths)).is_success:
                    self.answers.append(1000 * (monotonic() - began))
                # Who was kept waiting makes up for it, as others than these would have asked.
                due += CLIENTS / REQUESTS_PER_SECOND
                self._stop.wait(max(0.0, due - monotonic()))

    @contextmanager
    def asking(self) -> Iterator[None]:
        self._stop.clear()
        threads = [Thread(target=self.ask, args=(number % len(PATHS),), daemon=True) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            # Connected and warm before the burst begins.
            self._stop.wait(1.0)
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()


def run(trial: Trial, tape: RecordedBars) -> ReadersResult:
    """Fill the windows, then send minutes alone and beside readers in turns; the first warms up."""
    symbols = len(tape.symbols)
    filling = len(tape) - BURSTS * symbols
    alone: list[float] = []
    beside: list[float] = []
    with trial.worker() as worker:
        fill(trial, worker, tape, filling)
        idle = idle_cpu(worker)
        readers = Readers(worker)
        burst(trial, worker, tape, filling + symbols, idle)
        for number, end in enumerate(range(filling + 2 * symbols, len(tape) + 1, symbols)):
            trial.report("bursts", end)
            if number % 2:
                with readers.asking():
                    beside.append(burst(trial, worker, tape, end, idle).seconds)
            else:
                alone.append(burst(trial, worker, tape, end, idle).seconds)
    return ReadersResult(symbols, alone, beside, sorted(readers.answers))


READERS = Measurement(
    f"A burst while {REQUESTS_PER_SECOND} requests a second are answered",
    run,
    (
        Figure("symbols", "symbols with full windows", ",.0f", lambda run: run.symbols),
        Figure("alone", "s alone", ".3f", lambda run: median(run.alone)),
        Figure("beside", "s beside readers", ".3f", lambda run: median(run.beside)),
        Figure("slower", "beside to alone", ".2f", lambda run: run.slower, compared=True),
        Figure("answers", "answers", ",.0f", lambda run: len(run.answers)),
        Figure("answer_p50", "an answer, ms, median", ".1f", lambda run: median(run.answers)),
        Figure("answer_worst", "an answer, ms, the slowest", ".1f", lambda run: run.answers[-1]),
    ),
    # They have no API.
    for_peers=False,
)
