"""All bars are there; then the program starts and processes them.

The time runs from when it begins to fetch (a worker of ours logs "Worker ready", of several the
first; a peer says READY) until a consumer of committed records has been handed the last signal.
"""

from dataclasses import dataclass
from time import monotonic

from tests.bench.changelogs import bytes_on_disk, changelogs
from tests.bench.figures import MIB, Figure, Measurement
from tests.bench.meter import Meter, cpu_between
from tests.bench.offsets import places_of
from tests.bench.recorded_bars import RecordedBars
from tests.bench.running import WorkerStuck
from tests.bench.trial import Trial


@dataclass(frozen=True, slots=True)
class ThroughputResult:
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
    #: On the program's own disk: its tables.
    state_bytes: int

    @property
    def rate(self) -> float:
        return self.bars / self.seconds


def run(trial: Trial, tape: RecordedBars) -> ThroughputResult:
    """Send the bars, let the program process them, and check the signals."""
    cluster = trial.cluster
    trial.report("sending", 0)
    began = monotonic()
    trial.sender.send(tape.records)
    produce_rate = len(tape) / (monotonic() - began)

    trial.report("starting", 0)
    with trial.worker() as worker, Meter(worker, cluster.broker_pid) as meter:
        found = trial.reader.take(len(tape), worker, lambda done: trial.report("processing", done))
        meter.stop()
        trial.until_settled(worker, patiently=False)
        started = worker.ready_at()
        if started is None:
            raise WorkerStuck(f"the program does not say that it is ready:\n{worker.log_tail()}")

    trial.report("checking", len(tape))
    trial.check(tape, trial.reader.columns(found))
    places = places_of(changelogs(trial.broker, trial.settings))
    worker_cpu, broker_cpu = cpu_between(meter.samples, started, found[-1].at)
    return ThroughputResult(
        bars=len(tape),
        produce_rate=produce_rate,
        seconds=found[-1].at - started,
        cpu_micros=1e6 * worker_cpu / len(tape),
        broker_cpu_micros=1e6 * broker_cpu / len(tape) if cluster.broker_pid else None,
        peak_bytes=meter.peak_bytes,
        changelog_bytes=bytes_on_disk(cluster.stack_dir, places) if cluster.stack_dir else None,
        state_bytes=trial.state_bytes(),
    )


THROUGHPUT = Measurement(
    "From the first fetch to the last signal committed",
    run,
    (
        Figure("bars", "bars", ",.0f", lambda run: run.bars),
        Figure("rate", "bars/s", ",.0f", lambda run: run.rate, compared=True),
        Figure("seconds", "seconds", ".2f", lambda run: run.seconds),
        Figure("cpu", "its CPU, µs/bar", ".1f", lambda run: run.cpu_micros, compared=True),
        Figure("broker_cpu", "broker's CPU, µs/bar", ".1f", lambda run: run.broker_cpu_micros, compared=True),
        Figure("peak_mib", "its peak memory, MiB", ",.0f", lambda run: run.peak_bytes / MIB, compared=True),
        Figure(
            "changelog_mib",
            "changelogs on disk, MiB",
            ",.1f",
            lambda run: run.changelog_bytes and run.changelog_bytes / MIB,
        ),
        Figure("state_mib", "its own disk, MiB", ",.1f", lambda run: run.state_bytes / MIB),
        Figure("sent", "sent before, bars/s", ",.0f", lambda run: run.produce_rate),
    ),
)
