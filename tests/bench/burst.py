"""A bar of each symbol at once, as at the end of each minute of a session, to a worker that is warm and idle.

The time runs from the first bar being given to the producer's client (5 ms before it is
sent) until a consumer of committed records has been handed the last signal.
"""

from dataclasses import dataclass
from statistics import median
from time import monotonic, sleep

from app.domain.records import Bar
from tests.bench.changelogs import bytes_on_disk, changelogs, record_bytes
from tests.bench.check import check_newest
from tests.bench.figures import MIB, Figure, Kind
from tests.bench.loads import symbols_of
from tests.bench.offsets import ends_of, places_of
from tests.bench.trial import Trial
from tests.bench.worker import BenchWorker

#: The first of them only warms up.
BURSTS = 5

#: How long to look at an idle worker.
IDLE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Burst:
    """One minute's bars. The changelogs' growth: keys and values, and the broker's files (None: not here)."""

    seconds: float
    #: Until all was committed, without what an idle worker takes in the same time.
    cpu_seconds: float
    changelog_bytes: int
    disk_bytes: int | None


@dataclass(frozen=True, slots=True)
class Result:
    """The bursts that count, and the worker's memory when it has had one bar, and after them all."""

    symbols: int
    bursts: list[Burst]
    empty_bytes: int
    full_bytes: int

    @property
    def symbol_bytes(self) -> float:
        return (self.full_bytes - self.empty_bytes) / self.symbols

    @property
    def seconds(self) -> float:
        return median(burst.seconds for burst in self.bursts)

    @property
    def cpu_micros(self) -> float:
        return 1e6 * median(burst.cpu_seconds for burst in self.bursts) / self.symbols

    @property
    def changelog_bytes(self) -> float:
        return median(burst.changelog_bytes for burst in self.bursts) / self.symbols

    @property
    def disk_bytes(self) -> float | None:
        found = [burst.disk_bytes for burst in self.bursts if burst.disk_bytes is not None]
        return median(found) / self.symbols if found else None


def run(trial: Trial, bars: list[Bar]) -> Result:
    """Fill the windows with all bars but the last minutes, and send these one by one."""
    symbols = symbols_of(bars)
    filling = len(bars) - BURSTS * symbols
    with trial.worker() as worker:
        trial.report("starting", 0)
        trial.until(worker.is_ready, worker)
        # One bar has it load what it needs for any number of them, such as the exchange's calendar.
        _fill(trial, worker, bars[:1])
        sleep(IDLE_SECONDS)
        empty_bytes = worker.resident_bytes()
        _fill(trial, worker, bars[1:filling])
        cpu = worker.cpu_seconds()
        sleep(IDLE_SECONDS)
        idle = (worker.cpu_seconds() - cpu) / IDLE_SECONDS
        bursts = []
        for end in range(filling + symbols, len(bars) + 1, symbols):
            trial.report("bursts", end)
            bursts.append(_burst(trial, worker, bars[:end], symbols, idle))
        full_bytes = worker.resident_bytes()
    return Result(symbols, bursts[1:], empty_bytes, full_bytes)


def _fill(trial: Trial, worker: BenchWorker, bars: list[Bar]) -> None:
    trial.report("sending", 0)
    trial.sender.send(trial.sender.encoded(bars))
    trial.reader.skip(len(bars), worker, lambda done: trial.report("filling", done))
    trial.until_settled(worker)


def _burst(trial: Trial, worker: BenchWorker, bars: list[Bar], symbols: int, idle: float) -> Burst:
    """Send the last bars, one of each symbol; raises WrongSignals."""
    records = list(trial.sender.encoded(bars[-symbols:]))
    places = places_of(changelogs(trial.broker, trial.settings))
    stack_dir, starts = trial.cluster.stack_dir, ends_of(trial.broker, places)
    before = bytes_on_disk(stack_dir, places) if stack_dir else 0
    began, cpu = monotonic(), worker.cpu_seconds()
    started = trial.sender.send(records)
    found = trial.reader.take(symbols, worker, lambda _: None)
    trial.until_settled(worker)
    cpu = worker.cpu_seconds() - cpu - idle * (monotonic() - began)
    check_newest(bars, trial.reader.decoded(found), trial.dead_letters(), trial.settings.strategy)
    return Burst(
        seconds=found[-1].at - started,
        cpu_seconds=cpu,
        changelog_bytes=record_bytes(trial.settings, starts),
        disk_bytes=bytes_on_disk(stack_dir, places) - before if stack_dir else None,
    )


BURST = Kind(
    f"A bar of each symbol at once: median of {BURSTS - 1} bursts a run",
    run,
    (
        Figure("symbols with full windows", ",.0f", lambda run: run.symbols),
        Figure("s to the last signal committed", ".3f", lambda run: run.seconds, compared=True),
        Figure("worker's CPU, µs/bar", ".1f", lambda run: run.cpu_micros, compared=True),
        Figure("changelog records, bytes/bar", ",.0f", lambda run: run.changelog_bytes, compared=True),
        Figure("changelogs on disk, bytes/bar", ",.0f", lambda run: run.disk_bytes, compared=True),
        Figure("worker's memory after one bar, MiB", ",.0f", lambda run: run.empty_bytes / MIB),
        Figure("worker's memory in the end, MiB", ",.0f", lambda run: run.full_bytes / MIB),
        Figure("the difference, bytes/symbol", ",.0f", lambda run: run.symbol_bytes, compared=True),
    ),
)
