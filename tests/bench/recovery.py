"""kill -9 to the first right new signal, with the tables' disk kept and lost, beside bare consumers."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from time import time
from typing import Any

from tests.bench.bare import aiokafka_seconds, librdkafka_seconds
from tests.bench.changelogs import changelogs
from tests.bench.figures import MIB, Figure, Measurement
from tests.bench.meter import Meter
from tests.bench.offsets import places_of
from tests.bench.recorded_bars import RecordedBars
from tests.bench.running import Running
from tests.bench.trial import Trial
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
class RecoveryResult:
    """What a kill costs, and what bare consumers need for the changelogs alone."""

    symbols: int
    changelog_records: int
    kept: Recovery
    lost: Recovery
    aiokafka_seconds: float
    librdkafka_seconds: float
    peak_bytes: int


def run(trial: Trial, tape: RecordedBars) -> RecoveryResult:
    """Fill the windows, kill the worker, then kill it again and take its disk; a minute's bars follow each kill."""
    symbols = len(tape.symbols)
    filling = len(tape) - 2 * symbols
    trial.report("sending", 0)
    trial.sender.send(tape.records[:filling])
    with trial.worker() as worker:
        trial.reader.skip(filling, worker, lambda done: trial.report("filling", done))
        trial.until_settled(worker)
        worker.kill()
        killed_at = time()
    with trial.worker() as worker:
        trial.report("disk kept", filling)
        kept = _recovery(trial, worker, killed_at, tape, len(tape) - symbols)
        trial.report("bare consumers", filling)
        places = places_of(changelogs(trial.broker, trial.settings))
        aiokafka = aiokafka_seconds(trial.settings, places)
        librdkafka, records = librdkafka_seconds(trial.settings, places)
        worker.kill()
        shutil.rmtree(trial.directory / "data")
        killed_at = time()
    with trial.worker() as worker, Meter(worker, None) as meter:
        trial.report("disk lost", len(tape) - symbols)
        lost = _recovery(trial, worker, killed_at, tape, len(tape))
    return RecoveryResult(symbols, records, kept, lost, aiokafka, librdkafka, meter.peak_bytes)


def _recovery(trial: Trial, worker: Running, killed_at: float, tape: RecordedBars, end: int) -> Recovery:
    """Send the minute that ends at bar `end`, and see how the recovery went. Raises WrongSignals."""
    start = end - len(tape.symbols)
    trial.sender.send(tape.records[start:end])
    found = trial.reader.take(end - start, worker, lambda _: None)
    trial.until_settled(worker)
    trial.check(tape, trial.reader.columns(found), start, end)
    phases = (logged_at(trial.log, marks, killed_at) or killed_at for marks in (SPAWNED, JOINED, RESTORED, READY))
    return Recovery(*(at - killed_at for at in (*phases, found[0].at)))


def _phase(disk: str, phase: str) -> Figure:
    key = f"{disk}_{phase}"
    return Figure(
        key, f"disk {disk}, {phase}", ".1f", lambda run: getattr(getattr(run, disk), phase), phase == "signal"
    )


def _to_bare(name: str) -> Callable[[Any], float]:
    return lambda run: float(run.lost.restoring / getattr(run, f"{name}_seconds"))


RECOVERY = Measurement(
    "kill -9 to the first right new signal, in seconds",
    run,
    (
        Figure("symbols", "symbols", ",.0f", lambda run: run.symbols),
        *(
            _phase(disk, phase)
            for disk in ("kept", "lost")
            for phase in ("spawned", "joined", "restored", "ready", "signal")
        ),
        Figure("changelog_records", "changelog records", ",.0f", lambda run: run.changelog_records, compared=True),
        Figure("restoring", "restoring them, s", ".2f", lambda run: run.lost.restoring, compared=True),
        Figure("aiokafka", "bare aiokafka reading them, s", ".2f", lambda run: run.aiokafka_seconds),
        Figure("librdkafka", "bare librdkafka reading them, s", ".2f", lambda run: run.librdkafka_seconds),
        Figure("to_aiokafka", "restoring to bare aiokafka", ".2f", _to_bare("aiokafka")),
        Figure("to_librdkafka", "restoring to bare librdkafka", ".2f", _to_bare("librdkafka")),
        Figure("peak_mib", "worker's peak memory, MiB", ",.0f", lambda run: run.peak_bytes / MIB, compared=True),
    ),
    # It reads our log and our changelogs; what a kill costs a peer, `crash` says.
    for_peers=False,
)
