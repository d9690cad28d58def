"""`stocks replay`: sends a file's bars, or made-up ones, to Kafka, and says what workers made of them."""

import logging
import time
from typing import TYPE_CHECKING, Any

import click

from app.cli.check_files import check, check_option
from app.cli.source_options import source_options
from app.producer.pace import Pace

if TYPE_CHECKING:
    from app.producer.bar_producer import BarProducer

# Long enough for a broker to restart, short enough for a person to wait.
_GIVE_UP_AFTER_S = 120.0


@click.command("replay")
@source_options
@check_option
@click.option("--wait", is_flag=True, help="Without a worker: wait until there is one.")
@click.pass_context
def command(context: click.Context, /, pace: Pace, wait: bool, check_only: bool, **options: Any) -> None:
    """Send the bars of FILE… to Kafka, or synthetic ones.

    Columns, named in the first line in any order: symbol, timestamp (ISO-8601,
    or epoch s, ms, us or ns), open, high, low, close, volume, and if you have
    them trade_count and vwap. Also CSV, JSON and zip files of Alpaca, Polygon,
    Yahoo, Lean, Stooq and FirstRate Data, and Parquet; packed or not; `-` for
    standard input; several files and patterns (docs/sources.md). A line that
    is no bar is reported with its number, and the others go on.

    Then it waits until the worker has processed them, and says what it wrote:
    bars by what they came to, what it refused and why, and the signals. The
    status is 0 if every line was accepted, by the reader and by the worker; a
    duplicate or a correction is accepted. Without a worker it says so and ends.
    """
    if check_only:
        context.exit(check(options))
    from app.cli.collaborators import collaborator
    from app.cli.open_source import open_source
    from app.cli.replay_progress import cut_short, follow, hint, summary
    from app.cli.replay_verdict import find_verdict
    from app.errors import StocksError
    from app.producer.connect import connect
    from app.producer.outcome_reader import OutcomeReader
    from app.producer.runner import Runner
    from app.producer.sent_bars import SentBars
    from app.settings import settings
    from app.terminal.endings import INTERRUPTED, Stopping

    # What goes wrong is shown here, as a sentence.
    logging.getLogger("app").addHandler(logging.NullHandler())
    ours = settings()
    source, faults = open_source(ours, options, pace)
    sent = SentBars()
    outcome = collaborator(OutcomeReader)(ours, source.run_id)

    open_delivery = collaborator(connect)

    def connected() -> "BarProducer":
        delivery = open_delivery(ours, source, give_up_after_s=_GIVE_UP_AFTER_S, sent_bars=sent, role="replay")
        outcome.begin()
        return delivery

    runner = Runner(source, connected, pace=pace, clock=time.time, patient=False)
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
    try:
        accepted = collaborator(find_verdict)(ours, sent, outcome, patient=wait)
    except KeyboardInterrupt:
        click.echo("Stopped waiting for the worker. All bars are in Kafka, and it goes on with them.")
        context.exit(INTERRUPTED)
    click.echo(hint(ours, source.run_id))
    if faults.count or not accepted:
        context.exit(1)
