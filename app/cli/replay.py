"""`stocks replay`: sends a file's bars, or made-up ones, to Kafka."""

import logging
import signal
import time
from typing import Any

import click

from app.cli.check import check, check_option
from app.cli.source_options import source_options
from app.producer.pace import Pace

# Long enough for a broker that restarts, short enough for a person who waits.
_GIVE_UP_AFTER_S = 120.0
_INTERRUPTED = 130


@click.command("replay")
@source_options
@check_option
@click.option("--strict", is_flag=True, envvar="STRICT", help="Exit with 1 when a line was skipped.")
@click.pass_context
def command(context: click.Context, /, pace: Pace, strict: bool, check_only: bool, **options: Any) -> None:
    """Send the bars of FILE… to Kafka, or synthetic ones.

    Columns, named in the first line in any order: symbol, timestamp (ISO-8601,
    or epoch s, ms, us or ns), open, high, low, close, volume, and if you have
    them trade_count and vwap. Also CSV, JSON and zip files of Alpaca, Polygon,
    Yahoo, Lean, Stooq and FirstRate Data, and Parquet; packed or not; `-` for
    standard input; several files and patterns (docs/sources.md). A line that
    is no bar is reported with its number, and the others go on.
    """
    if check_only:
        context.exit(check(options))
    from app.cli.opening import open_source
    from app.cli.replay_progress import follow, hint, summary
    from app.errors import StocksError
    from app.producer.connect import connect
    from app.producer.runner import Runner
    from app.settings import settings

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
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    runner.start()
    interrupted = False
    try:
        follow(runner)
    except KeyboardInterrupt:
        interrupted = runner.status != "finished"
        runner.stop()
    if runner.started_at or interrupted:
        click.echo(summary(runner, faults, interrupted=interrupted))
    if runner.status == "failed" and runner.last_error:
        raise StocksError(runner.last_error)
    if interrupted:
        context.exit(_INTERRUPTED)
    if not runner.acknowledged:
        raise StocksError(f"There was nothing to send in {source.name}: see --symbols and the skipped lines.")
    click.echo(hint(ours, source.run_id))
    if strict and faults.count:
        raise StocksError("--strict: lines were skipped.")
