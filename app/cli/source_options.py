"""The options that choose a source and a speed, shared by `replay` and `produce`."""

from collections.abc import Callable
from typing import Any

import click

from app.cli.speed import pace
from app.domain.source_names import FEEDS, PROFILES, SOURCES


def names(_: click.Context, __: click.Parameter, text: str | None) -> tuple[str, ...] | None:
    """A callback of click's that splits `A,B` into a list."""
    return tuple(name.strip() for name in text.split(",") if name.strip()) if text else None


def _parsed(parse: Callable[[str], Any]) -> Callable[[click.Context, click.Parameter, str | None], Any]:
    """A callback of click's that parses the text. `parse` raises ValueError with a sentence."""

    def callback(context: click.Context, parameter: click.Parameter, text: str | None) -> Any:
        try:
            return None if text is None else parse(text)
        except ValueError as error:
            raise click.BadParameter(str(error), context, parameter) from None

    return callback


def _zone(text: str) -> Any:
    from app.sources.files.options import parse_zone

    return parse_zone(text)


def _map(text: str) -> Any:
    from app.sources.files.options import parse_map

    return parse_map(text)


def _symbol(text: str) -> Any:
    from app.sources.files.options import parse_symbol

    return parse_symbol(text)


class _Files(click.ParamType):
    """Paths and patterns. The environment's FILE is one path, even with spaces in it."""

    name = "file"

    def split_envvar_value(self, rv: str) -> list[str]:
        """The whole text as one value."""
        return [rv]


_OPTIONS = [
    click.argument("file", nargs=-1, required=False, envvar="FILE", type=_Files()),
    click.option(
        "--source",
        envvar="SOURCE",
        type=click.Choice(SOURCES),
        help="Where the bars come from.  [default: csv if a FILE is given, else synthetic]",
    ),
    click.option(
        "--speed",
        "pace",
        envvar="SPEED",
        default="max",
        show_default=True,
        metavar="max|realtime|N",
        callback=pace,
        help="As fast as possible, a minute of bars a minute, or N bars a second.",
    ),
    click.option(
        "--symbols",
        envvar="SYMBOLS",
        metavar="A,B,…",
        callback=names,
        help="Only these of a file, or which to ask for or make up.  [default: all of a file, else SYMBOLS of .env]",
    ),
    click.option(
        "--tz",
        metavar="ZONE",
        callback=_parsed(_zone),
        help="Files: whose clocks times without a zone are of, for example America/New_York.",
    ),
    click.option(
        "--map",
        metavar="OURS=THEIRS,…",
        callback=_parsed(_map),
        help="""Files: what our columns are called there: 'close="Adj Close",timestamp=Date+Time'.""",
    ),
    click.option(
        "--symbol", metavar="AAPL", callback=_parsed(_symbol), help="Files that do not say it: whose bars these are."
    ),
    click.option("--sort", is_flag=True, default=None, help="Files: send the rows in order of time."),
    click.option("--run-id", envvar="RUN_ID", help="The series that the bars belong to.  [default: a new one]"),
    click.option(
        "--date",
        envvar="DATE",
        type=click.DateTime(["%Y-%m-%d"]),
        help="Alpaca, synthetic: the day, or the first of several.  [default for synthetic: 2024-11-14]",
    ),
    click.option("--to", envvar="TO", type=click.DateTime(["%Y-%m-%d"]), help="Alpaca: the last day.  [default: one]"),
    click.option("--feed", type=click.Choice(FEEDS), help="Alpaca: whose trades.  [default: FEED of .env, else iex]"),
    click.option(
        "--extended",
        envvar="EXTENDED",
        is_flag=True,
        default=None,
        help="Alpaca: also the bars before the open and after the close.",
    ),
    click.option(
        "--sessions", envvar="SESSIONS", type=click.IntRange(1, 5000), help="Synthetic: how many.  [default: 1]"
    ),
    click.option(
        "--profile",
        envvar="PROFILE",
        type=click.Choice(PROFILES),
        help="Synthetic: how prices move.  [default: trend-and-pullback]",
    ),
    click.option(
        "--seed", envvar="SEED", type=click.IntRange(min=0), help="Synthetic: another one, other bars.  [default: 0]"
    ),
]


def source_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add these options. The command gets `pace`, and the rest as app.sources.factory.Choice takes it.

    Each can also come from the environment, which is how `make replay SPEED=100` passes them.
    """
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
