"""The `--speed` option's values."""

import click

from app.producer.pace import Pace, parse_speed


def pace(context: click.Context, parameter: click.Parameter, text: str) -> Pace:
    """What the text means; a callback of click's, raises click.BadParameter."""
    try:
        return parse_speed(text)
    except ValueError as error:
        raise click.BadParameter(str(error), context, parameter) from None


def speed_text(context: click.Context, parameter: click.Parameter, text: str | None) -> str | None:
    """The text itself, once it is known to mean something."""
    if text is not None:
        pace(context, parameter, text)
    return text
