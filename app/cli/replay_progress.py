"""Shows a person how far a replay has come."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from rich import progress
from rich.console import Console

from app.asgi.listen import local_url
from app.producer.runner import Runner
from app.settings import Settings
from app.sources.fault_counter import FaultCounter
from app.terminal.streams import console as make_console
from app.times import iso

_REFRESH_S = 0.1
_LINE_EVERY_S = 5.0


def follow(runner: Runner, console: Console | None = None) -> None:
    """Shows progress on stderr until the runner ends: a bar on a terminal, otherwise a line every few seconds."""
    console = console or make_console(stderr=True, persistent=True)
    if not console.is_terminal:
        while not runner.wait(_LINE_EVERY_S):
            console.print(_line(runner), markup=False, soft_wrap=True)
        return
    with _bar(console) as bar:
        task = bar.add_task("", total=runner.source.total)
        while not runner.wait(_REFRESH_S):
            bar.update(task, completed=runner.source.read, description=_counts(runner))


class WorkerProgress(NamedTuple):
    """How many of the bars sent were processed, and how many workers there are."""

    processed: int
    total: int
    workers: int


@contextmanager
def worker_progress(
    console: Console, total: int, clock: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[WorkerProgress], None]]:
    """A function that shows how far the worker is: a bar on a terminal, otherwise a line every few seconds."""
    if console.is_terminal:
        with _bar(console) as bar:
            task = bar.add_task("", total=total)
            yield lambda now: bar.update(task, completed=now.processed, description=_worker_line(now))
        return
    due = clock() + _LINE_EVERY_S

    def show(now: WorkerProgress) -> None:
        nonlocal due
        if clock() >= due:
            due = clock() + _LINE_EVERY_S
            console.print(_worker_line(now), markup=False, soft_wrap=True)

    yield show


def _bar(console: Console) -> progress.Progress:
    columns = (
        progress.BarColumn(),
        progress.TaskProgressColumn(),
        progress.TextColumn("{task.description}"),
        progress.TimeRemainingColumn(),
    )
    return progress.Progress(*columns, console=console, transient=True)


def _worker_line(now: WorkerProgress) -> str:
    waiting = "" if now.workers else ", waiting for a worker (`make worker`)"
    return f"Worker: {now.processed:,} of {now.total:,} bars processed{waiting}"


def summary(runner: Runner, faults: FaultCounter, *, interrupted: bool) -> str:
    """What was sent, in one sentence or two."""
    total = runner.source.total
    of_total = f" of {total:,}" if total is not None else ""
    lines = "line" if faults.count == 1 else "lines"
    skipped = f" {faults.count:,} {lines} skipped." if faults.count else ""
    missing = runner.sent - runner.acknowledged
    if interrupted:
        last = runner.last_bar
        up_to = f" up to {last['symbol']} {iso(last['timestamp'])}" if last else ""
        arrived = f"{missing:,} not acknowledged" if missing else f"all acknowledged{up_to}"
        return f"Stopped: {runner.sent:,}{of_total} bars sent, {arrived}.{skipped}"
    arrived = f"{missing:,} not acknowledged" if missing else "all acknowledged"
    return f"Sent {runner.sent:,} bars, {arrived} ({runner.bars_per_second:,.0f} bars/s).{skipped}"


def cut_short(runner: Runner) -> str:
    """What was sent when a replay was stopped before its end, in a sentence or two."""
    total = runner.source.total
    of_total = f" of {total:,}" if total is not None else ""
    unknown = runner.sent - runner.acknowledged
    arrived = f"{unknown:,} of them may or may not have arrived" if unknown else "all of them arrived"
    return (
        f"Stopped at once: {runner.sent:,}{of_total} bars sent, {arrived}. "
        f"With --run-id {runner.source.run_id} the same command goes on with this run: what is there already is a "
        "duplicate, or `stale`, and changes nothing."
    )


def hint(settings: Settings, run_id: str) -> str:
    """How to look at the signals of this replay."""
    url = local_url(settings.api_host, settings.api_port)
    return f"Signals, while a worker runs: curl '{url}/signals?run={run_id}'"


def _line(runner: Runner) -> str:
    read, total = runner.source.read, runner.source.total
    share = f" ({read / total:.0%})" if total and runner.started_at else ""
    return f"{_counts(runner)}{share}"


def _counts(runner: Runner) -> str:
    if not runner.started_at:
        return "Waiting for broker and registry"
    trouble = f", waiting: {runner.last_error}" if runner.status == "waiting" else ""
    return f"{runner.acknowledged:,} bars, {runner.bars_per_second:,.0f} bars/s{trouble}"
