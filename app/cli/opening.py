"""From what was said on the command line to a source that is ready to be read."""

import datetime
from typing import Any

import click

from app.settings import Settings
from app.sources.base import Source
from app.sources.choice import Choice
from app.sources.faults import Faults


def open_source(settings: Settings, options: dict[str, Any]) -> tuple[Source, Faults]:
    """The source, and the count of what it skips; both speak to stderr. Raises SourceError."""
    date: datetime.datetime | None = options.pop("date")
    choice = Choice(date=date.date() if date else None, **options)
    faults = Faults(_warn)
    default_symbols = tuple(name.strip() for name in settings.symbols.split(",") if name.strip())
    source = choice.open(default_symbols, faults, _warn)
    click.echo(f"Source: {source}.")
    click.echo(f"Run: {source.run_id}")
    return source, faults


def _warn(sentence: str) -> None:
    click.echo(sentence, err=True)
