"""`stocks demo`: everything at once, on this machine, with made-up bars."""

import sys
from typing import TYPE_CHECKING

import click

from app.cli.speed import speed_text
from app.domain.source_names import PROFILES

if TYPE_CHECKING:
    from app.domain.source_names import Profile


@click.command("demo")
@click.option("--exit", "ends", is_flag=True, help="End once the last bar's signal of every symbol can be read.")
@click.option(
    "--speed",
    envvar="SPEED",
    metavar="max|realtime|N",
    callback=speed_text,
    help="Bars a second.  [default: 100, with --exit max]",
)
@click.option("--seed", envvar="SEED", type=click.IntRange(min=0), default=0, show_default=True, help="Other bars.")
@click.option("--profile", envvar="PROFILE", type=click.Choice(PROFILES), default=PROFILES[0], show_default=True)
@click.pass_context
def command(context: click.Context, /, ends: bool, speed: str | None, seed: int, profile: "Profile") -> None:
    """Replay a session of synthetic bars through a worker, and show the signals as they come.

    Starts the local stack unless it runs, a worker and a producer; Ctrl-C
    stops what it has started. Nothing here is market data.
    """
    import logging

    from app.cli.collaborators import collaborator
    from app.demo.run import Demo, DemoPlan
    from app.settings import settings
    from app.terminal.endings import INTERRUPTED
    from app.terminal.streams import console, say

    # What goes wrong is shown here, as a sentence.
    logging.getLogger("app").addHandler(logging.NullHandler())
    plan = DemoPlan(profile=profile, seed=seed, speed=speed or ("max" if ends else "100"), ends=ends)
    demo = collaborator(Demo)(settings(), plan, console(persistent=True))
    try:
        demo.run()
    except KeyboardInterrupt:
        say("Stopped.", sys.stdout)
        # To stop it after the last signal is its normal end.
        context.exit(0 if demo.all_shown else INTERRUPTED)
