"""`stocks replay FILE --check`: reads all, sends nothing, and says what is there."""

from collections.abc import Callable
from typing import Any

import click


def check_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--check`."""
    return click.option(
        "--check",
        "check_only",
        is_flag=True,
        envvar="CHECK",
        help="Files: read all, send nothing, and say what is there; status 1 unless every row is good.",
    )(command)


def check(options: dict[str, Any]) -> int:
    """Print a report on the files that `options` name; return the status. Raises SourceError and SettingsError."""
    from app.cli.check_text import lines
    from app.cli.open_source import choose
    from app.settings import settings
    from app.sources.base import SourceError
    from app.sources.files.check import check_files

    choice = choose(options)
    if not choice.is_file:
        raise SourceError("--check reads files: give one, for example stocks replay bars.csv --check.")
    files = choice.open_files(lambda _: None, lambda _: None)
    result = check_files(files, settings().strategy)
    for line in lines(result):
        click.echo(line)
    return 0 if result.all_good else 1
