"""The minute's burst while the API is read, beside the same burst alone; in turns, on the same worker."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

from tests.bench.asking import READY, REQUESTS_PER_SECOND
from tests.bench.burst import BURSTS, burst, fill, idle_cpu
from tests.bench.figures import Figure, Measurement
from tests.bench.recorded_bars import RecordedBars
from tests.bench.running import Running, WorkerStuck
from tests.bench.trial import Trial


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


@contextmanager
def asking(worker: Running, answers: list[float]) -> Iterator[None]:
    """Have the API asked until the block ends; adds the milliseconds that each answer took."""
    if worker.api is None:
        raise WorkerStuck("there is no API to read")
    command = [sys.executable, "-m", "tests.bench.asking", str(worker.api.base_url)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as clients:
        try:
            if not clients.stdout or clients.stdout.readline().strip() != READY:
                raise WorkerStuck("the API's readers had no answer")
            yield
            answers += json.loads(clients.communicate()[0])
        finally:
            clients.kill()


def run(trial: Trial, tape: RecordedBars) -> ReadersResult:
    """Fill the windows, then send minutes alone and beside readers in turns; the first warms up."""
    symbols = len(tape.symbols)
    filling = len(tape) - BURSTS * symbols
    alone: list[float] = []
    beside: list[float] = []
    with trial.worker() as worker:
        fill(trial, worker, tape, filling)
        idle = idle_cpu(worker)
        answers: list[float] = []
        burst(trial, worker, tape, filling + symbols, idle)
        for number, end in enumerate(range(filling + 2 * symbols, len(tape) + 1, symbols)):
            trial.report("bursts", end)
            if number % 2:
                with asking(worker, answers):
                    beside.append(burst(trial, worker, tape, end, idle).seconds)
            else:
                alone.append(burst(trial, worker, tape, end, idle).seconds)
    return ReadersResult(symbols, alone, beside, sorted(answers))


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
