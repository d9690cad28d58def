"""The end of `stocks replay`: wait for the worker, and print what it made of the bars."""

import time
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from rich.console import Console

from app.cli.replay_progress import WorkerProgress, worker_progress
from app.producer.catch_up import CatchUp, Ending
from app.producer.verdict import Verdict, continued, judge
from app.terminal.streams import console as make_console
from app.terminal.visible import visible

if TYPE_CHECKING:
    from app.producer.outcome_reader import OutcomeReader
    from app.producer.sent_bars import SentBars
    from app.settings import Settings

_KINDS = ("new", "corrected", "late", "duplicates")


def find_verdict(
    settings: "Settings", sent: "SentBars", outcome: "OutcomeReader", *, patient: bool, console: Console | None = None
) -> bool:
    """Wait for the worker and print its verdict. Returns True unless it is known to have refused a bar.

    Raises BrokerUnavailable, RegistryUnavailable.
    """
    console = console or make_console(stderr=True, persistent=True)
    total = sum(len(series.offsets) for series in sent.series.values())
    with _looking(settings, sent) as catch_up, worker_progress(console, total) as show:
        progress = WorkerProgress(0, total, 0)

        def on_progress(committed: Mapping[int, int], workers: int) -> None:
            nonlocal progress
            progress = WorkerProgress(processed(sent, committed), total, workers)
            show(progress)

        ending = catch_up.wait(on_progress, patient=patient)
    if ending is not Ending.THROUGH:
        click.echo(not_through(ending, progress, settings.id))
        return ending is Ending.ABSENT
    verdict = read_verdict(sent, outcome)
    click.echo("\n".join(lines(verdict)))
    return not verdict.refused


def read_verdict(sent: "SentBars", outcome: "OutcomeReader") -> Verdict:
    """Read what workers wrote about these bars. They must have processed all of them."""
    signals, refusals = outcome.signals(sent), outcome.refusals(sent)
    symbols = continued(sent, signals, refusals)
    return judge(sent, signals, refusals, outcome.history(sent, symbols) if symbols else None)


def lines(verdict: Verdict) -> Iterator[str]:
    """The verdict in a few lines."""
    kinds = ", ".join(f"{count:,} {kind}" for kind in _KINDS if (count := getattr(verdict, kind)))
    if verdict.undecided:
        undecided = f"{verdict.undecided:,} duplicates of bars of the past or corrections that no signal shows"
        kinds = f"{kinds}, {undecided}" if kinds else undecided
    refused = verdict.refused.total()
    yield f"Worker: {verdict.accepted:,} bars accepted{f' ({kinds})' if kinds else ''}, {refused:,} refused."
    for reason, count in verdict.refused.most_common():
        example = verdict.examples[reason]
        place = f"partition {example.partition}, offset {example.offset}"
        why = example.why.removeprefix("Poison: ")
        yield visible(f"  {count:,} {reason}, for example {example.symbol} ({place}): {why}")
    if refused:
        yield "  `stocks dead-letters list` shows them."
    actions = ", ".join(f"{verdict.actions[action]:,} {action}" for action in ("BUY", "SELL", "HOLD"))
    revised = f"; {verdict.revisions:,} signals replaced earlier ones" if verdict.revisions else ""
    yield f"Signals: {actions}; {verdict.transitions:,} transitions{revised}."


def not_through(ending: Ending, progress: "WorkerProgress", group: str) -> str:
    """Why there is no verdict, and what to do."""
    so_far = f"{progress.processed:,} of {progress.total:,} bars"
    if ending is Ending.ABSENT:
        return (
            f"No worker reads as group {group}, so nobody knows yet what comes of these bars. "
            "`make worker` starts one; with --wait replay waits for it."
        )
    if ending is Ending.GONE:
        return (
            f"The worker has gone after {so_far}; the rest is safe in Kafka. See its log, and start it again "
            "(`make worker`): it goes on where it ended."
        )
    return f"The worker has processed {so_far} and gets no further: `stocks doctor` and its /ready say why."


def processed(sent: "SentBars", committed: Mapping[int, int]) -> int:
    """How many of the bars sent lie before these offsets."""
    return sum(bisect_left(series.offsets, committed.get(series.partition, 0)) for series in sent.series.values())


@contextmanager
def _looking(settings: "Settings", sent: "SentBars") -> Iterator[CatchUp]:
    from app.kafka.broker import Broker
    from app.kafka.topics import topics
    from app.kafka.worker_group import CommittedOffsets, describe_group

    ends = {partition: end for partition, (_, end) in sent.spans().items()}
    broker = Broker(settings)
    with CommittedOffsets(settings, topics(settings).raw.name, ends) as offsets:
        yield CatchUp(
            ends,
            offsets.look,
            lambda: len(describe_group(broker, settings.id).members),
            clock=time.monotonic,
            sleep=time.sleep,
        )
