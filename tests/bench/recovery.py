"""kill -9 to the first right new signal, with the tables' disk kept and lost, beside bare consumers."""

import random
import re
import shutil
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import time

from app.domain.records import Bar
from tests.bench.bare import aiokafka_seconds, librdkafka_seconds
from tests.bench.check import SAMPLE, WrongSignals
from tests.bench.loads import Load
from tests.bench.measure import Cluster, Report, Variant, started_worker, until, until_all_signals
from tests.integration.deployment import Deployment
from tests.oracle import differences, final_signals

#: Every US stock with a full window, and a minute more after each of the two kills.
RECOVERY = Load("recovery", symbols=11_000, bars_each=62)

#: What ends each phase of a recovery in the worker's log.
PHASES = {
    "spawned": "Starting...",
    "joined": "generation id ",
    "restored": "Restore complete!",
    "ready": "Worker ready",
}

_TIME = re.compile(r"\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3})\]")


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

    @property
    def ratio(self) -> float:
        """Restoring after the loss of the disk, by the bare aiokafka consumer's time for the same changelogs."""
        return self.lost.restoring / self.aiokafka_seconds


def run(cluster: Cluster, directory: Path, name: str, bars: Sequence[Bar], report: Report, variant: Variant) -> Result:
    """Fill the windows, kill the worker, then kill it again and take its disk.

    Raises WorkerEnded, WorkerStuck, WrongSignals.
    """
    directory.mkdir(parents=True)
    settings = {key.lower(): value for key, value in variant.settings.items()}
    deployment = Deployment(cluster.kafka, cluster.schema_registry, directory, name, **settings)
    changelogs = (deployment.topics.windows_changelog, deployment.topics.signals_changelog)
    symbols = len({bar["symbol"] for bar in bars})
    filling = len(bars) - 2 * symbols
    with closing(deployment):
        report("sending", 0)
        deployment.send(bars[:filling])
        with started_worker(deployment, variant) as worker:
            until_all_signals(deployment, worker, filling, report)
            until(lambda: deployment.lag() == 0, worker)
            worker.kill()
            killed_at = time()
        with started_worker(deployment, variant) as worker:
            report("disk kept", 0)
            deployment.send(bars[filling:-symbols])
            until_all_signals(deployment, worker, filling + symbols, report)
            until(lambda: deployment.lag() == 0, worker)
            kept = _recovery(deployment, killed_at, bars[:-symbols])
            records = sum(deployment.count(topic) for topic in changelogs)
            report("bare consumers", 0)
            aiokafka = aiokafka_seconds(deployment.settings, changelogs)
            librdkafka = librdkafka_seconds(deployment.settings, changelogs)
            worker.kill()
            shutil.rmtree(deployment.directory / "data")
            killed_at = time()
        with started_worker(deployment, variant) as worker:
            report("disk lost", 0)
            deployment.send(bars[-symbols:])
            until_all_signals(deployment, worker, len(bars), report)
            lost = _recovery(deployment, killed_at, bars)
    return Result(symbols, records, kept, lost, aiokafka, librdkafka, worker.peak_bytes)


def _recovery(deployment: Deployment, killed_at: float, bars: Sequence[Bar]) -> Recovery:
    """How the recovery went whose first bars were those of the last minute. Raises WrongSignals."""
    _check_last_minute(deployment, bars)
    symbols = len({bar["symbol"] for bar in bars})
    times = [message.timestamp()[1] / 1000 for message in deployment.messages(deployment.topics.signals, symbols)]
    ends = dict.fromkeys(PHASES, 0.0)
    for line in (deployment.directory / "worker.log").read_text(errors="replace").splitlines():
        found = _TIME.match(line)
        seconds = datetime.fromisoformat(found[1]).timestamp() - killed_at if found else 0.0
        for phase, mark in PHASES.items():
            if seconds > 0 and not ends[phase] and mark in line:
                ends[phase] = seconds
    return Recovery(**ends, signal=min(time for time in times if time > killed_at) - killed_at)


def _check_last_minute(deployment: Deployment, bars: Sequence[Bar]) -> None:
    """Raise WrongSignals unless the last minute's signals are all there, and those of a sample right."""
    newest = bars[-1]["timestamp"]
    symbols = sorted(bar["symbol"] for bar in bars if bar["timestamp"] == newest)
    recent = deployment.records(deployment.topics.signals, len(symbols))
    signals = [signal for signal in recent if signal["timestamp"] == newest]
    if sorted(signal["symbol"] for signal in signals) != symbols:
        raise WrongSignals(f"{len(signals)} signals of the last minute for {len(symbols)} symbols")
    sample = set(random.Random(0).sample(symbols, min(SAMPLE, len(symbols))))
    expected = final_signals([bar for bar in bars if bar["symbol"] in sample], deployment.settings.strategy)
    problems = differences(
        [signal for signal in expected if signal["timestamp"] == newest],
        [signal for signal in signals if signal["symbol"] in sample],
    )
    if problems:
        raise WrongSignals(f"{len(problems)} signals are wrong, the first: {problems[0]}")
