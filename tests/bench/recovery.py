"""kill -9 to the first right new signal, with the tables' disk kept and lost, beside bare consumers."""

import shutil
from dataclasses import dataclass
from time import time

from app.domain.records import Bar
from tests.bench.bare import aiokafka_seconds, librdkafka_seconds
from tests.bench.changelogs import changelogs
from tests.bench.check import check_newest
from tests.bench.figures import MIB, Figure, Kind
from tests.bench.loads import symbols_of
from tests.bench.meter import Meter
from tests.bench.offsets import places_of
from tests.bench.trial import Trial
from tests.bench.worker import BenchWorker
from tests.bench.worker_log import JOINED, READY, RESTORED, SPAWNED, logged_at


@dataclass(frozen=True, slots=True)
class Recovery:
    """Seconds from kill -9 to the end of each phase, the last of which is the first right new signal."""

    spawned: float
    joined: float
    restored: float
    ready: float
    signal: float

    @property
    def restoring(self) -> float:
        """From the group's assignment until the tables are as their changelogs say."""
        return self.restored - self.joined


@dataclass(frozen=True, slots=True)
class Result:
    """What a kill costs, and what bare consumers need for the changelogs alone."""

    symbols: int
    changelog_records: int
    kept: Recovery
    lost: Recovery
    aiokafka_seconds: float
    librdkafka_seconds: float
    peak_bytes: int


def run(trial: Trial, bars: list[Bar]) -> Result:
    """Fill the windows, kill the worker, then kill it again and take its disk; a minute's bars follow each kill."""
    symbols = symbols_of(bars)
    filling = len(bars) - 2 * symbols
    trial.report("sending", 0)
    trial.sender.send(trial.sender.encoded(bars[:filling]))
    with trial.worker() as worker:
        trial.reader.skip(filling, worker, lambda done: trial.report("filling", done))
        trial.until_settled(worker)
        worker.kill()
        killed_at = time()
    with trial.worker() as worker:
        trial.report("disk kept", filling)
        kept = _recovery(trial, worker, killed_at, bars[:-symbols])
        trial.report("bare consumers", filling)
        places = places_of(changelogs(trial.broker, trial.settings))
        aiokafka = aiokafka_seconds(trial.settings, places)
        librdkafka, records = librdkafka_seconds(trial.settings, places)
        worker.kill()
        shutil.rmtree(trial.directory / "data")
        killed_at = time()
    with trial.worker() as worker, Meter(worker, None) as meter:
        trial.report("disk lost", len(bars) - symbols)
        lost = _recovery(trial, worker, killed_at, bars)
    return Result(symbols, records, kept, lost, aiokafka, librdkafka, meter.peak_bytes)


def _recovery(trial: Trial, worker: BenchWorker, killed_at: float, bars: list[Bar]) -> Recovery:
    """Send the last minute's bars, and see how the recovery went. Raises WrongSignals."""
    symbols = symbols_of(bars)
    trial.sender.send(trial.sender.encoded(bars[-symbols:]))
    found = trial.reader.take(symbols, worker, lambda _: None)
    trial.until_settled(worker)
    check_newest(bars, trial.reader.decoded(found), trial.dead_letters(), trial.settings.strategy)
    phases = (logged_at(trial.log, marks, killed_at) or killed_at for marks in (SPAWNED, JOINED, RESTORED, READY))
    return Recovery(*(at - killed_at for at in (*phases, found[0].at)))


def _phase(disk: str, phase: str) -> Figure:
    return Figure(f"disk {disk}, {phase}", ".1f", lambda run: getattr(getattr(run, disk), phase), phase == "signal")


RECOVERY = Kind(
    "kill -9 to the first right new signal, in seconds",
    run,
    (
        Figure("symbols", ",.0f", lambda run: run.symbols),
        *(
            _phase(disk, phase)
            for disk in ("kept", "lost")
            for phase in ("spawned", "joined", "restored", "ready", "signal")
        ),
        Figure("changelog records", ",.0f", lambda run: run.changelog_records, compared=True),
        Figure("restoring them, s", ".2f", lambda run: run.lost.restoring, compared=True),
        Figure("bare aiokafka reading them, s", ".2f", lambda run: run.aiokafka_seconds),
        Figure("bare librdkafka reading them, s", ".2f", lambda run: run.librdkafka_seconds),
        Figure("restoring to bare aiokafka", ".2f", lambda run: run.lost.restoring / run.aiokafka_seconds),
        Figure("restoring to bare librdkafka", ".2f", lambda run: run.lost.restoring / run.librdkafka_seconds),
        Figure("worker's peak memory, MiB", ",.0f", lambda run: run.peak_bytes / MIB, compared=True),
    ),
)
