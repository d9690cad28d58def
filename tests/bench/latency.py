"""A quiet stream: how long each bar takes to its signal, for a consumer of the topic and over HTTP.

Times run from the call that gives the bar to a producer that sends at once. HTTP is asked
from the moment at which the signal's record is here, so it never comes out shorter than that.
"""

import random
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median, quantiles
from time import sleep, time
from urllib.parse import quote

import httpx

from app.times import iso
from tests.bench.check import WrongSignals, places
from tests.bench.figures import Figure, Measurement
from tests.bench.reader import PATIENCE_SECONDS, Delivered
from tests.bench.recorded_bars import RecordedBars
from tests.bench.sender import Sender
from tests.bench.trial import Trial

#: Between two bars, drawn again each time: a fixed pace could keep step with the worker's own waits.
PAUSE_SECONDS = (0.05, 0.1)

#: Pause before HTTP is asked again.
AGAIN_SECONDS = 0.001


@dataclass(frozen=True, slots=True)
class LatencyResult:
    """Milliseconds from sending a bar to its signal: by the topic and over HTTP, where there is any."""

    bars: int
    topic: list[float]
    http: list[float]


def run(trial: Trial, tape: RecordedBars) -> LatencyResult:
    """Send the first quarter of the bars at once, and time each of the rest."""
    first, count = len(tape) // 4, len(tape)
    sender = Sender(trial.settings, trial.topics.raw, **{"linger.ms": 0})
    with trial.worker() as worker, ThreadPoolExecutor(2) as threads:
        trial.report("starting", 0)
        trial.until(worker.is_ready, worker)
        trial.sender.send(tape.records[:first])
        found = trial.reader.take(first, worker, lambda done: trial.report("warming up", done))
        trial.reader.columns(found)
        trial.until_settled(worker)
        sending = threads.submit(_send, sender, tape, first)
        shown: list[Future[float]] = []
        for number in range(first, count):
            found += trial.reader.take(1, worker, lambda _: None)
            if worker.api is not None:
                shown.append(threads.submit(_until_shown, trial, worker.api, found[-1]))
            trial.report("streaming", number + 1)
        sent = sending.result()
        http = [each.result() for each in shown]
    signals = trial.reader.columns(found)
    trial.check(tape, signals)
    # Signals of different symbols may come in another order than their bars.
    order = [int(place) - first for place in places(tape, signals)[first:]]
    return LatencyResult(
        count - first,
        [1000 * (each.at - sent[at]) for each, at in zip(found[first:], order, strict=True)],
        [1000 * (each - sent[at]) for each, at in zip(http, order, strict=False)],
    )


def _send(sender: Sender, tape: RecordedBars, first: int) -> list[float]:
    """Send each bar from `first` on after a pause; returns when each was given to the client (seconds since 1970)."""
    chance = random.Random(0)
    sent = []
    for record in tape.records[first:]:
        sleep(chance.uniform(*PAUSE_SECONDS))
        sent.append(sender.send([record]))
    return sent


def _until_shown(trial: Trial, api: httpx.Client, found: Delivered) -> float:
    """Ask until the newest signal of a symbol is this one or a newer one; returns when that answer was here."""
    signal = trial.reader.decoded_at_once(found)
    path, wanted = f"/signals/{quote(signal['symbol'])}", iso(signal["timestamp"])
    deadline = time() + PATIENCE_SECONDS
    while time() < deadline:
        answer = api.get(path, params={"limit": 1})
        if answer.is_success and any(shown["timestamp"] >= wanted for shown in answer.json()["signals"]):
            return time()
        sleep(AGAIN_SECONDS)
    raise WrongSignals(f"the signal {signal['id']} is on its topic but not shown over HTTP")


def _percentile(of: Callable[[LatencyResult], list[float]], percent: int) -> Callable[[LatencyResult], float | None]:
    def value(run: LatencyResult) -> float | None:
        times = of(run)
        if not times:
            return None
        return median(times) if percent == 50 else quantiles(times, n=100)[percent - 1]

    return value


LATENCY = Measurement(
    "A quiet stream, one bar each 50 to 100 ms: milliseconds from sending it to its signal",
    run,
    (
        Figure("bars", "bars", ",.0f", lambda run: run.bars),
        *(
            Figure(f"{key}_p{percent}", f"{name}, p{percent}", ".1f", _percentile(of, percent), compared=True)
            for key, name, of in (
                ("topic", "consumer of the topic", lambda run: run.topic),
                ("http", "over HTTP", lambda run: run.http),
            )
            for percent in (50, 99)
        ),
    ),
)
