"""`stocks replay`: sends a file's bars, or made-up ones, to Kafka."""

import logging
import time
from typing import Any

import click

from app.cli.source_options import source_options
from app.producer.pace import Pace

# Long enough for a broker that restarts, short enough for a person who waits.
_GIVE_UP_AFTER_S = 120.0


@click.command("replay")
@source_options
@click.option("--strict", is_flag=True, envvar="STRICT", help="Exit with 1 when a line was skipped.")
@click.pass_context
def command(context: click.Context, /, pace: Pace, strict: bool, **options: Any) -> None:
    """Send the bars of FILE (CSV, gzipped or not) to Kafka, or synthetic ones.

    Columns, named in the first line in any order: symbol, timestamp (ISO-8601,
    UTC if it names no zone, or epoch ms or s), open, high, low, close, volume,
    and if you have them trade_count and vwap. A line that is no bar is reported
    with its number, and the others go on.
    """
    from app.cli.opening import open_source
    from app.cli.replay_progress import cut_short, follow, hint, summary
    from app.errors import StocksError
    from app.producer.connect import connect
    from app.producer.runner import Runner
    from app.settings import settings
    from app.terminal.endings import INTERRUPTED, Stopping

    # What goes wrong is shown here, as a sentence.
    logging.getLogger("app").addHandler(logging.NullHandler())
    ours = settings()
    source, faults = open_source(ours, options, pace)
    runner = Runner(
        source,
        lambda: connect(ours, source, give_up_after_s=_GIVE_UP_AFTER_S),
        pace=pace,
        clock=time.time,
        patient=False,
    )
    with Stopping(runner.ask_to_stop, lambda: cut_short(runner)) as stopping:
        runner.start()
        follow(runner)
    interrupted = stopping.asked and runner.status != "finished"
    if runner.started_at or interrupted:
        click.echo(summary(runner, faults, interrupted=interrupted))
    if runner.status == "failed" and runner.last_error:
        raise StocksError(runner.last_error)
    if interrupted:
        context.exit(INTERRUPTED)
    if not runner.acknowledged:
        raise StocksError(f"There was nothing to send in {source.name}: see --symbols and the skipped lines.")
    click.echo(hint(ours, source.run_id))
    if strict and faults.count:
        raise StocksError("--strict: lines were skipped.")
