"""Prints rows of a worker's answer as a table, with notes."""

import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import click

from app.cli.table_columns import Column, line
from app.cli.worker_api import WorkerApi
from app.terminal.streams import console
from app.terminal.visible import visible, visible_lines


def listing(columns: list[Column], rows: Iterable[Mapping[str, Any]], notes: Iterable[str]) -> None:
    """Rows on standard output and nothing else there, so that a pipe gets only them; notes on standard error."""
    shown, beside = console(soft_wrap=True), console(stderr=True, soft_wrap=True)
    for number, row in enumerate(rows):
        if not number:
            shown.print(line(columns, None))
        shown.print(line(columns, row))
    for note in notes:
        beside.print(visible(note), style="dim", markup=False)


def answer_or_echoed(
    api: WorkerApi, path: str, query: Mapping[str, Any], *, as_json: bool, as_csv: bool
) -> dict[str, Any] | None:
    """The worker's answer. None if the user asked for JSON or CSV: then it was printed as it came."""
    if as_csv:
        echo_csv(api.text(path, {**query, "format": "csv"}))
        return None
    answer = api.json(path, query)
    if as_json:
        click.echo(json.dumps(answer, indent=2))
        return None
    return answer


def echo_csv(table: str) -> None:
    """Print CSV with the line ends that shell programs expect. On a terminal, control characters are made visible."""
    table = table.replace("\r\n", "\n")
    click.echo(visible_lines(table) if sys.stdout.isatty() else table, nl=False)
