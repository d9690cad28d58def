"""`make pressure`: one worker under more than it can take, with figures; a stack of its own."""

import tempfile
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from statistics import median
from threading import Thread

import click
from confluent_kafka import Producer

from app import stack
from app.domain.records import MINUTE_MS, Bar
from app.kafka.clients import producer_config
from app.kafka.local_cluster import Ports
from app.stack.ports import free_ports
from tests.bars import OPENING_MS
from tests.harness.pressure.onlooker import Seen, looking_on
from tests.integration.deployment import DeployedWorker, Deployment
from tests.integration.random_bars import random_bars

MIB = 2**20
ASKED_PER_SECOND = 50
RUN = "pressure"
SYMBOLS = 100
BUSY = 0


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--symbols", default=2500, show_default=True)
@click.option("--minutes", default=200, show_default=True, help="Bars of each symbol.")
@click.option("--large", default=3000, show_default=True, help="Records of 0.9 MB, all in one partition.")
def main(symbols: int, minutes: int, large: int) -> None:
    """Measure a backlog without and with the API asked, a producer that is faster, large records in one partition."""
    with tempfile.TemporaryDirectory(prefix="stocks-pressure-") as temporary:
        directory = Path(temporary)
        (directory / "stack").mkdir()
        Ports(*free_ports(2)).save(directory / "stack")
        try:
            started = stack.start(directory / "stack")
            for name, asked in (("backlog", 0.2), ("backlog-asked", ASKED_PER_SECOND)):
                with closing(_deployment(started, directory, name)) as deployment:
                    _backlog(deployment, random_bars(symbols, minutes, 1, RUN), symbols * minutes, asked)
            with closing(_deployment(started, directory, "faster")) as deployment:
                _faster(deployment, symbols, minutes)
            with closing(_deployment(started, directory, "large")) as deployment:
                _large(deployment, large)
        finally:
            stack.stop(directory / "stack")


def _deployment(started: stack.StackStatus, directory: Path, name: str) -> Deployment:
    (directory / name).mkdir()
    return Deployment(started.kafka, started.schema_registry, directory / name, name)


def _backlog(deployment: Deployment, bars: Iterable[Bar], count: int, asked: float) -> None:
    """All bars are there before the worker is."""
    deployment.send(bars)
    worker = deployment.start_worker(forked=False).wait_ready()
    _measured(f"a backlog of {count:,}, GET /signals {asked:g} times a second", deployment, worker, count, asked)


def _faster(deployment: Deployment, symbols: int, minutes: int) -> None:
    """The producer sends as fast as it can while the worker works."""
    deployment.send(random_bars(symbols, 1, 1, RUN))
    worker = deployment.start_worker(forked=False).wait_ready()
    sender = Thread(target=deployment.send, args=(random_bars(symbols, minutes, 1, RUN),))
    sender.start()
    title = f"a producer of {symbols * minutes:,} bars that is faster than the worker"
    _measured(title, deployment, worker, symbols * minutes, ASKED_PER_SECOND, sender)


def _large(deployment: Deployment, large: int) -> None:
    """One partition is full of large records, while bars come now and then on all others."""
    deployment.send(random_bars(SYMBOLS, 1, 1, RUN))
    on_busy = deployment.watermarks(deployment.topics.raw)[BUSY][1]
    producer = Producer(producer_config(deployment.settings))
    for number in range(large):
        producer.produce(deployment.topics.raw.name, b"%d" % number + b"x" * 900_000, b"large", BUSY)
        if number % 50 == 0:
            producer.flush(30)
    producer.flush(60)
    worker = deployment.start_worker(forked=False).wait_ready()
    waits: list[float] = []
    sender = Thread(target=_send_quietly, args=(deployment, SYMBOLS - on_busy, waits))
    sender.start()
    _measured(f"{large:,} records of 0.9 MB in one partition", deployment, worker, large, 10, sender)
    click.echo(f"  bars on the other partitions: all signals after {median(waits):.2f} s (most: {max(waits):.2f} s)")


def _send_quietly(deployment: Deployment, each: int, waits: list[float]) -> None:
    for minute in range(1, 11):
        before, started = _quiet_signals(deployment), time.monotonic()
        deployment.send(bar for bar in random_bars(SYMBOLS, minute + 1, 1, RUN) if _minute(bar) == minute)
        while _quiet_signals(deployment) < before + each:
            time.sleep(0.02)
        waits.append(time.monotonic() - started)


def _minute(bar: Bar) -> int:
    return (bar["timestamp"] - OPENING_MS) // MINUTE_MS


def _quiet_signals(deployment: Deployment) -> int:
    counts = deployment.counts(deployment.topics.signals)
    return sum(count for partition, count in counts.items() if partition != BUSY)


def _measured(
    title: str, deployment: Deployment, worker: DeployedWorker, count: int, asked: float, sender: Thread | None = None
) -> None:
    """Look on until the worker has done everything, and say what was seen."""
    click.echo(title)
    started = time.monotonic()
    with looking_on(worker, asked) as seen:
        if sender:
            sender.join()
        deployment.settle(1200)
        seconds = time.monotonic() - started
    _show(seen, count, seconds)
    worker.terminate(30)


def _show(seen: Seen, count: int, seconds: float) -> None:
    click.echo(f"  {count / seconds:,.0f} records/s, {seconds:.0f} s; peak memory {seen.peak_bytes / MIB:,.0f} MiB")
    median_ms, most_ms = seen.percentile(50), seen.percentile(99)
    rate = len(seen.milliseconds) / seconds
    click.echo(f"  GET /signals {rate:.0f} times a second: {median_ms:.0f} ms (median), {most_ms:.0f} ms (99 %)")
    click.echo(
        f"  503: {seen.refused}, unanswered: {seen.unanswered}; lag as told, at most {max(seen.lags, default=0):,}"
    )


if __name__ == "__main__":
    main(prog_name="make pressure")
