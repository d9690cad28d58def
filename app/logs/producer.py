"""Sets up the log of the producer service, and what a source says to its user."""

import logging
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import click

from app.logs.json_line import JsonLine, secrets
from app.logs.lines import PlainLine
from app.settings import Settings
from app.terminal.visible import visible, visible_lines

log = logging.getLogger(__name__)


class Voice(NamedTuple):
    """Where a source's messages go: `say` for information, `warn` for faults."""

    say: Callable[[str], None]
    warn: Callable[[str], None]


def _say(sentence: str) -> None:
    click.echo(visible(sentence))


def _warn(sentence: str) -> None:
    click.echo(visible_lines(sentence), err=True)


#: To stdout and stderr, for people.
TERMINAL = Voice(_say, _warn)

#: To the log, as events.
_LOG = Voice(partial(log.info, "%s"), partial(log.warning, "%s"))


def set_up(settings: Settings) -> Voice:
    """Set up the log on stderr in the form that LOG_FORMAT asks for; with json, all that is said goes there."""
    as_json = settings.log_format == "json"
    shown = logging.StreamHandler()
    shown.setFormatter(JsonLine(secrets(settings)) if as_json else PlainLine())
    logging.basicConfig(level=logging.INFO, handlers=[shown])
    logging.getLogger("httpx").setLevel(logging.WARNING)
    return _LOG if as_json else TERMINAL
