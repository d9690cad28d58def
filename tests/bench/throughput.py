"""All bars are there; then one worker starts and processes them.

The time runs from the worker's log line "Worker ready", at which it begins to fetch,
until a consumer of committed records has been handed the last signal.
"""

from dataclasses import dataclass
from time import monotonic

from app.domain.records import Bar
from tests.bench.changelogs import bytes_on_disk, changelogs
from tests.bench.check import check
from tests.bench.figures import MIB, Figure, Kind
from tests.bench.meter import Meter, cpu_between
from tests.bench.offsets import places_of
from tests.bench.trial import Trial
from tests.bench.worker import WorkerStuck
from tests.bench.worker_log import READY, logged_at


@dataclass(frozen=True, slots=True)
class Result:
    """One run's figures; rates are bars a second."""

    bars: int
    produce_rate: float
    seconds: float
    #: Processor time a bar in these seconds, native threads included.
    cpu_micros: float
    #: The broker's; None when the broker is not ours.
    broker_cpu_micros: float | None
    peak_bytes: int
    #: On the broker's disk, as compressed; None when the broker's disk is not here.
    changelog_bytes: int | None

    @property
    def rate(self) -> float:
        return self.bars / self.seconds


def run(trial: Trial, bars: list[Bar]) -> Result:
    """Send the bars, let one worker process them, and check the signals."""
    cluster = trial.cluster
    trial.report("sending", 0)
    began = monotonic()
    trial.sender.send(trial.sender.encoded(bars))
    produce_rate = len(bars) / (monotonic() - began)

    trial.report("starting", 0)
    with trial.worker() as worker, Meter(worker, cluster.broker_pid) as meter:
        found = trial.reader.take(len(bars), worker, lambda done: trial.report("processing", done))
        meter.stop()
        trial.until_settled(worker)
        started = logged_at(trial.log, READY)
        if started is None:
            raise WorkerStuck(f"the worker does not log {READY[0]!r}:\n{worker.log_tail()}")

    trial.report("checking", len(bars))
    check(bars, trial.reader.decoded(found), trial.dead_letters(), trial.settings.strategy)
    places = places_of(changelogs(trial.broker, trial.settings))
    worker_cpu, broker_cpu = cpu_between(meter.samples, started, found[-1].at)
    return Result(
        bars=len(bars),
        produce_rate=produce_rate,
        seconds=found[-1].at - started,
        cpu_micros=1e6 * worker_cpu / len(bars),
        broker_cpu_micros=1e6 * broker_cpu / len(bars) if cluster.broker_pid else None,
        peak_bytes=meter.peak_bytes,
        changelog_bytes=bytes_on_disk(cluster.stack_dir, places) if cluster.stack_dir else None,
    )


THROUGHPUT = Kind(
    "One worker, from its first fetch to the last signal committed",
    run,
    (
        Figure("bars", ",.0f", lambda run: run.bars),
        Figure("bars/s", ",.0f", lambda run: run.rate, compared=True),
        Figure("seconds", ".2f", lambda run: run.seconds),
        Figure("worker's CPU, µs/bar", ".1f", lambda run: run.cpu_micros, compared=True),
        Figure("broker's CPU, µs/bar", ".1f", lambda run: run.broker_cpu_micros, compared=True),
        Figure("worker's peak memory, MiB", ",.0f", lambda run: run.peak_bytes / MIB, compared=True),
        Figure("changelogs on disk, MiB", ",.1f", lambda run: run.changelog_bytes and run.changelog_bytes / MIB),
        Figure("sent before, bars/s", ",.0f", lambda run: run.produce_rate),
    ),
)
