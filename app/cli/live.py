"""`stocks live`: `stocks produce --source alpaca-live`, for short."""

import click

from app.cli.collaborators import collaborator
from app.cli.produce import produce
from app.cli.source_options import names
from app.domain.source_names import FEEDS
from app.producer.pace import AsFastAsPossible


@click.command("live")
@click.option("--symbols", envvar="SYMBOLS", metavar="A,B,…", callback=names, help="[default: SYMBOLS of .env]")
@click.option("--feed", type=click.Choice(FEEDS), help="Whose trades.  [default: FEED of .env, else iex]")
def command(symbols: tuple[str, ...] | None, feed: str | None) -> None:
    """Send Alpaca's bars as they come, and answer GET /health.

    Begins with as many bars of the past as settle the indicators, then asks
    every minute while the market is open (STREAM=1: listens to a websocket),
    and sleeps until the next session. Needs APCA_API_KEY_ID and
    APCA_API_SECRET_KEY in .env. Runs until SIGTERM or Ctrl-C.
    """
    options = {"source": "alpaca-live", "symbols": symbols, "feed": feed, "date": None, "to": None}
    collaborator(produce)(AsFastAsPossible(), options)
