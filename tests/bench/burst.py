"""A bar of each symbol at once, as at the end of each minute of a session, to a worker that is warm and idle.

The time runs from the first bar being given to the producer's client (5 ms before it is
sent) until a consumer of committed records has been handed the last signal.
"""

from dataclasses import dataclass
from statistics import median
from time import monotonic, sleep

from tests.bench.changelogs import bytes_on_disk, changelogs, record_bytes
from tests.bench.figures import MIB, Figure, Measurement
from tests.bench.offsets import ends_of, places_of
from tests.bench.recorded_bars import RecordedBars
from tests.bench.running import Running
from tests.bench.trial import Trial

#: The first of them only warms up.
BURSTS = 5

#: How long to look at an idle worker.
IDLE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Burst:
    """One minute's bars. The changelogs' growth: keys and values, and the broker's files (None: not here)."""

    seconds: float
    #: Until all was committed (a peer's: until the last signal was), without what it takes while idle.
    cpu_seconds: float
    changelog_bytes: int
    disk_bytes: int | None
    #: The signals' own, as compressed.
    signals_disk_bytes: int | None


@dataclass(frozen=True, slots=True)
class BurstResult:
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
    def rate(self) -> float:
        return self.symbols / self.seconds

    @property
    def disk_bytes(self) -> float | None:
        return self._median_bytes([burst.disk_bytes for burst in self.bursts])

    @property
    def signals_disk_bytes(self) -> float | None:
        return self._median_bytes([burst.signals_disk_bytes for burst in self.bursts])

    def _median_bytes(self, found: list[int | None]) -> float | None:
        known = [each for each in found if each is not None]
        return median(known) / self.symbols if known else None


def run(trial: Trial, tape: RecordedBars) -> BurstResult:
    """Fill the windows with all bars but the last minutes, and send these one by one."""
    symbols = len(tape.symbols)
    filling = len(tape) - BURSTS * symbols
    with trial.worker() as worker:
        empty_bytes = fill(trial, worker, tape, filling)
        idle = idle_cpu(worker)
        bursts = []
        for end in range(filling + symbols, len(tape) + 1, symbols):
            trial.report("bursts", end)
            bursts.append(burst(trial, worker, tape, end, idle))
        full_bytes = worker.resident_bytes()
    return BurstResult(symbols, bursts[1:], empty_bytes, full_bytes)


def fill(trial: Trial, worker: Running, tape: RecordedBars, count: int) -> int:
    """Process the first bars; returns the memory that was taken after one bar."""
    trial.report("starting", 0)
    trial.until(worker.is_ready, worker)
    # One bar has it load what it needs for any number of them, such as the exchange's calendar.
    _send(trial, worker, tape, 0, 1)
    sleep(IDLE_SECONDS)
    empty_bytes = worker.resident_bytes()
    _send(trial, worker, tape, 1, count)
    return empty_bytes


def idle_cpu(worker: Running) -> float:
    """Processor time that it takes a second while nothing comes."""
    cpu = worker.cpu_seconds()
    sleep(IDLE_SECONDS)
    return (worker.cpu_seconds() - cpu) / IDLE_SECONDS


def _send(trial: Trial, worker: Running, tape: RecordedBars, start: int, end: int) -> None:
    trial.report("sending", start)
    trial.sender.send(tape.records[start:end])
    trial.reader.skip(end - start, worker, lambda done: trial.report("filling", start + done))
    trial.until_settled(worker)


def burst(trial: Trial, worker: Running, tape: RecordedBars, end: int, idle: float) -> Burst:
    """Send the bars of the minute that ends at bar `end`, one of each symbol; raises WrongSignals."""
    symbols = len(tape.symbols)
    places, signals = places_of(changelogs(trial.broker, trial.settings)), places_of([trial.topics.signals])
    stack_dir, starts = trial.cluster.stack_dir, ends_of(trial.broker, places)
    before = [bytes_on_disk(stack_dir, each) for each in (places, signals)] if stack_dir else []
    began, cpu = monotonic(), worker.cpu_seconds()
    started = trial.sender.send(tape.records[end - symbols : end])
    found = trial.reader.take(symbols, worker, lambda _: None)
    trial.until_settled(worker, patiently=False)
    cpu = worker.cpu_seconds() - cpu - idle * (monotonic() - began)
    trial.until_settled(worker)
    after = [bytes_on_disk(stack_dir, each) for each in (places, signals)] if stack_dir else []
    trial.check(tape, trial.reader.columns(found), end - symbols, end)
    return Burst(
        seconds=found[-1].at - started,
        cpu_seconds=cpu,
        changelog_bytes=record_bytes(trial.settings, starts),
        disk_bytes=after[0] - before[0] if stack_dir else None,
        signals_disk_bytes=after[1] - before[1] if stack_dir else None,
    )


BURST = Measurement(
    f"A bar of each symbol at once: median of {BURSTS - 1} bursts a run",
    run,
    (
        Figure("symbols", "symbols with full windows", ",.0f", lambda run: run.symbols),
        Figure("seconds", "s to the last signal committed", ".3f", lambda run: run.seconds, compared=True),
        Figure("rate", "bars/s", ",.0f", lambda run: run.rate, compared=True),
        Figure("cpu", "its CPU, µs/bar", ".1f", lambda run: run.cpu_micros, compared=True),
        Figure(
            "changelog_bytes",
            "changelog records, bytes/bar",
            ",.0f",
            lambda run: run.changelog_bytes,
            compared=True,
        ),
        Figure("disk_bytes", "changelogs on disk, bytes/bar", ",.0f", lambda run: run.disk_bytes, compared=True),
        Figure("signals_bytes", "signals on disk, bytes/bar", ",.0f", lambda run: run.signals_disk_bytes),
        Figure("empty_mib", "its memory after one bar, MiB", ",.0f", lambda run: run.empty_bytes / MIB),
        Figure("full_mib", "its memory in the end, MiB", ",.0f", lambda run: run.full_bytes / MIB),
        Figure("symbol_bytes", "the difference, bytes/symbol", ",.0f", lambda run: run.symbol_bytes, compared=True),
    ),
)
