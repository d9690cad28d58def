"""A quiet stream: how long each bar takes to its signal, for a consumer of the topic and over HTTP.

Times run from the call that gives the bar to a producer that sends at once. HTTP is asked
from the moment at which the signal's record is here, so it never comes out shorter than that.
"""

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median, quantiles
from time import sleep, time
from urllib.parse import quote

from app.domain.records import Bar, Signal
from app.iso_time import iso
from tests.bench.check import WrongSignals, check
from tests.bench.figures import Figure, Kind
from tests.bench.reader import PATIENCE_SECONDS, Delivered
from tests.bench.sender import Sender
from tests.bench.trial import Trial
from tests.bench.worker import BenchWorker

#: Between two bars, drawn anew each time: a fixed pace could keep step with the worker's own waits.
PAUSE_SECONDS = (0.05, 0.1)

#: Pause before HTTP is asked again.
AGAIN_SECONDS = 0.001

Key = tuple[str, int]
"""A bar's symbol and time."""


@dataclass(frozen=True, slots=True)
class Result:
    """Milliseconds from sending a bar to its signal: by the topic and over HTTP."""

    bars: int
    topic: list[float]
    http: list[float]


def run(trial: Trial, bars: list[Bar]) -> Result:
    """Send the first quarter of the bars at once, and time each of the rest."""
    first = len(bars) // 4
    rest = bars[first:]
    sender = Sender(trial.settings, trial.topics.raw, **{"linger.ms": 0})
    with trial.worker() as worker, ThreadPoolExecutor(2) as threads:
        trial.report("starting", 0)
        trial.until(worker.is_ready, worker)
        trial.sender.send(trial.sender.encoded(bars[:first]))
        found = trial.reader.take(first, worker, lambda done: trial.report("warming up", done))
        trial.reader.decoded(found)
        trial.until_settled(worker)
        sending = threads.submit(_send, sender, rest)
        shown = []
        for number in range(first, len(bars)):
            found += trial.reader.take(1, worker, lambda _: None)
            shown.append(threads.submit(_until_shown, trial, worker, found[-1]))
            trial.report("streaming", number + 1)
        sent = sending.result()
        http = dict(each.result() for each in shown)
    signals = trial.reader.decoded(found)
    check(bars, signals, trial.dead_letters(), trial.settings.strategy)
    times = {_key(signal): each.at for signal, each in zip(signals, found, strict=True)}
    return Result(
        len(rest),
        [1000 * (times[key] - at) for key, at in sent.items()],
        [1000 * (http[key] - at) for key, at in sent.items()],
    )


def _send(sender: Sender, bars: Sequence[Bar]) -> dict[Key, float]:
    """Send each bar after a pause; returns when each was given to the client (seconds since 1970)."""
    chance = random.Random(0)
    sent = {}
    for bar in bars:
        records = list(sender.encoded([bar]))
        sleep(chance.uniform(*PAUSE_SECONDS))
        sent[_key(bar)] = sender.send(records)
    return sent


def _until_shown(trial: Trial, worker: BenchWorker, found: Delivered) -> tuple[Key, float]:
    """Ask until the newest signal of a symbol is this one or a newer one; returns when that answer was here."""
    signal = trial.reader.decoded_at_once(found)
    path, wanted = f"/signals/{quote(signal['symbol'])}", iso(signal["timestamp"])
    deadline = time() + PATIENCE_SECONDS
    while time() < deadline:
        answer = worker.api.get(path, params={"limit": 1})
        if answer.is_success and any(shown["timestamp"] >= wanted for shown in answer.json()["signals"]):
            return _key(signal), time()
        sleep(AGAIN_SECONDS)
    raise WrongSignals(f"the signal {signal['id']} is on its topic but not shown over HTTP")


def _key(record: Bar | Signal) -> Key:
    return record["symbol"], record["timestamp"]


def _percentile(of: Callable[[Result], list[float]], percent: int) -> Callable[[Result], float]:
    return lambda run: median(of(run)) if percent == 50 else quantiles(of(run), n=100)[percent - 1]


LATENCY = Kind(
    "A quiet stream, one bar each 50 to 100 ms: milliseconds from sending it to its signal",
    run,
    (
        Figure("bars", ",.0f", lambda run: run.bars),
        *(
            Figure(f"{name}, p{percent}", ".1f", _percentile(of, percent), compared=True)
            for name, of in (
                ("consumer of the topic", lambda run: run.topic),
                ("over HTTP", lambda run: run.http),
            )
            for percent in (50, 99)
        ),
    ),
)
