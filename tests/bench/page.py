"""What a page asks of a worker that has the whole market, and the minute's burst while one is open; in turns."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from time import monotonic, sleep

import httpx

from tests.bench.burst import BURSTS, burst, fill, idle_cpu
from tests.bench.figures import Figure, Measurement
from tests.bench.recorded_bars import RecordedBars
from tests.bench.running import Running, WorkerStuck
from tests.bench.trial import Trial

#: What web/static/js asks when it is opened and while it is shown, but for the stream.
PATHS = (
    "/runs",
    "/session",
    "/market",
    "/health",
    "/signals?transitions=true&limit=300",
    "/signals/S0001?limit=10000",
    "/windows/S0001?limit=10000",
    "/windows/S0001?limit=5",
    "/signals/S0001/explain",
    "/worker",
    "/dead-letters?limit=50",
)

#: Of each answer the median counts.
TIMES = 20

#: A page's stream, read as it comes by a process of its own.
_STREAM = """
import http.client, sys
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
connection.request("GET", "/stream")
answer = connection.getresponse()
while answer.read1(1 << 20):
    pass
"""

#: The snapshot has come by then.
_OPENED_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Result:
    """Seconds of the bursts alone and beside an open page; milliseconds of each answer, and until a snapshot's end."""

    symbols: int
    alone: list[float]
    beside: list[float]
    answers: dict[str, float]
    snapshot: float

    @property
    def slowest(self) -> float:
        return max(self.answers.values())

    @property
    def slower(self) -> float:
        return median(self.beside) / median(self.alone)


def _api(worker: Running) -> httpx.Client:
    if worker.api is None:
        raise WorkerStuck("there is no API to read")
    return worker.api


def _answers(api: httpx.Client) -> dict[str, float]:
    """The median milliseconds of each answer, asked one after another."""
    found = {}
    for path in PATHS:
        took = []
        for _ in range(TIMES):
            began = monotonic()
            api.get(path).raise_for_status()
            took.append(1000 * (monotonic() - began))
        found[path] = median(took)
    return found


def _snapshot(api: httpx.Client) -> float:
    """Milliseconds from opening a stream to the end of its first event but the opening."""
    took = []
    for _ in range(TIMES // 4):
        began, length, end = monotonic(), 0, b""
        with api.stream("GET", "/stream") as answer:
            for piece in answer.iter_raw():
                length, end = length + len(piece), (end + piece)[-2:]
                # The opening ends with an empty line, too.
                if end == b"\n\n" and length > 100:
                    break
        took.append(1000 * (monotonic() - began))
    return median(took)


@contextmanager
def _open_page(api: httpx.Client) -> Iterator[None]:
    with subprocess.Popen([sys.executable, "-c", _STREAM, str(api.base_url.port)]) as client:
        try:
            sleep(_OPENED_SECONDS)
            yield
        finally:
            client.kill()


def run(trial: Trial, tape: RecordedBars) -> Result:
    """Fill the windows, ask, then send minutes alone and beside an open page in turns; the first warms up."""
    symbols = len(tape.symbols)
    filling = len(tape) - BURSTS * symbols
    seconds: tuple[list[float], list[float]] = ([], [])
    with trial.worker() as worker:
        fill(trial, worker, tape, filling)
        idle, api = idle_cpu(worker), _api(worker)
        answers, snapshot = _answers(api), _snapshot(api)
        burst(trial, worker, tape, filling + symbols, idle)
        for number, end in enumerate(range(filling + 2 * symbols, len(tape) + 1, symbols)):
            trial.report("bursts", end)
            if number % 2:
                with _open_page(api):
                    seconds[1].append(burst(trial, worker, tape, end, idle).seconds)
            else:
                seconds[0].append(burst(trial, worker, tape, end, idle).seconds)
    return Result(symbols, *seconds, answers, snapshot)


PAGE = Measurement(
    "What a page asks, and a burst while one is open",
    run,
    (
        Figure("symbols", "symbols with full windows", ",.0f", lambda run: run.symbols),
        Figure("slowest", "the slowest answer, ms, median", ".1f", lambda run: run.slowest, compared=True),
        Figure("snapshot", "a stream's snapshot, ms, median", ".0f", lambda run: run.snapshot, compared=True),
        Figure("alone", "s alone", ".3f", lambda run: median(run.alone)),
        Figure("beside", "s beside a page", ".3f", lambda run: median(run.beside)),
        Figure("slower", "beside to alone", ".2f", lambda run: run.slower, compared=True),
    ),
    # They have no API.
    for_peers=False,
)
