"""kill -9 in mid-run and a restart, with the disk kept: what a committed reader finds lost, doubled or wrong.

All bars are there before the start. Faults make other measurements void; here they are the figures.
"""

from dataclasses import dataclass
from time import monotonic, time

from tests.bench.check import BenchVerdict, WrongSignals, judge
from tests.bench.figures import Figure, Measurement
from tests.bench.reader import Delivered
from tests.bench.recorded_bars import RecordedBars
from tests.bench.trial import Trial

#: How much is done when the kill comes.
DONE = 0.25

#: Signals that come after all are there would be repeats.
QUIET_SECONDS = 3.0

#: After so long without a signal, those that are missing are lost: longer than a session and a start take together.
LOST_SECONDS = 45.0


@dataclass(frozen=True, slots=True)
class CrashResult:
    """The verdict over all signals, and when they went on."""

    bars: int
    verdict: BenchVerdict
    #: From the kill to the next signal; None: none came.
    back_seconds: float | None


def run(trial: Trial, tape: RecordedBars) -> CrashResult:
    """Kill the program when it has made some of the signals, and start it again at once."""
    trial.report("sending", 0)
    trial.sender.send(tape.records)
    with trial.worker() as worker:
        found = trial.reader.take(int(DONE * len(tape)), worker, lambda done: trial.report("processing", done))
        worker.kill()
        killed_at = time()
    # What it had sent before, and what the broker was about to give us.
    found += trial.reader.take_until_quiet(1.0)
    before = len(found)
    if before >= len(tape):
        raise WrongSignals("all was done before the kill came: the load is too small")
    with trial.worker() as worker:
        verdict = _judged(trial, tape, found)
    back = found[before].at - killed_at if len(found) > before else None
    return CrashResult(len(tape), verdict, back)


def _judged(trial: Trial, tape: RecordedBars, found: list[Delivered]) -> BenchVerdict:
    """Take what comes into `found` until each bar has a signal, or nothing has come for long."""
    seen_at = monotonic()
    while True:
        more = trial.reader.take_until_quiet(QUIET_SECONDS)
        found += more
        trial.report("processing again", len(found))
        if more:
            seen_at = monotonic()
        if len(found) >= len(tape) or monotonic() > seen_at + LOST_SECONDS:
            verdict = judge(tape, trial.reader.columns(found), trial.settings.strategy, calendar=trial.calendar)
            if not verdict.lost or monotonic() > seen_at + LOST_SECONDS:
                return verdict


CRASH = Measurement(
    "After kill -9 in mid-run and a restart",
    run,
    (
        Figure("bars", "bars", ",.0f", lambda run: run.bars),
        Figure("lost", "lost", ",.0f", lambda run: run.verdict.lost, compared=True),
        Figure("doubled", "doubled", ",.0f", lambda run: run.verdict.doubled, compared=True),
        Figure("wrong", "wrong", ",.0f", lambda run: run.verdict.wrong, compared=True),
        Figure("back", "s from the kill to the next signal", ".1f", lambda run: run.back_seconds, compared=True),
    ),
)
