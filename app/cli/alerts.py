"""`stocks alerts`: transitions, sent to people and programs."""

from typing import TYPE_CHECKING

import click

from app.cli.collaborators import collaborator
from app.terminal.visible import visible_lines

if TYPE_CHECKING:
    from app.settings import Settings


@click.command("alerts")
@click.option("--dry-run", is_flag=True, help="Print what would be sent from now on; send and commit nothing.")
@click.option("--until-end", is_flag=True, help="With --dry-run: from the oldest signal to the newest, then stop.")
@click.option("--test", is_flag=True, help="Send each destination one message marked as a test, then stop.")
def command(dry_run: bool, until_end: bool, test: bool) -> None:
    """Send transitions to chat, e-mail, the desktop or a webhook, until Ctrl-C.

    Destinations and rules are the ALERT_… settings; docs/alerts.md explains
    them. Bars that are live only, unless ALERT_ORIGINS asks for others. Begins
    with what comes from now on; started again, it goes on where it was.
    """
    import time

    from app.settings import settings

    if dry_run and test:
        raise click.UsageError("--dry-run and --test do not go together")
    if until_end and not dry_run:
        raise click.UsageError("--until-end goes with --dry-run only")
    ours = settings()
    if dry_run:
        _dry_run(ours, until_end)
        return

    from app.alerts.alert_service import send_tests
    from app.alerts.destinations import open_destinations

    destinations = open_destinations(ours)
    if test:
        send_tests(destinations, int(time.time() * 1000), click.echo)
        return

    import logging
    import threading

    from app.alerts.alert_service import run
    from app.logs.lines import PlainLine
    from app.terminal.endings import Stopping

    shown = logging.StreamHandler()
    shown.setFormatter(PlainLine())
    logging.basicConfig(level=logging.INFO, handlers=[shown])
    stop = threading.Event()
    with Stopping(stop.set, lambda: "Stopped at once: what was being sent may be sent again, marked as such."):
        collaborator(run)(ours, destinations, stop)


def _dry_run(settings: "Settings", until_end: bool) -> None:
    from app.alerts.dry_run import DryRun

    try:
        collaborator(DryRun)(settings, lambda text: click.echo(visible_lines(text))).run(until_end=until_end)
    except KeyboardInterrupt:
        # Ctrl-C is the normal way to end it.
        return
