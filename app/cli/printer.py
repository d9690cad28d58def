"""Prints the records that `stocks tail` reads, as a table or as JSON lines."""

import click
from confluent_kafka import Message
from rich.text import Text

from app.cli.json_lines import json_line
from app.cli.table_columns import line
from app.cli.views import RecordView, UndecodableRecord, for_json
from app.terminal.streams import console
from app.terminal.visible import visible


class Printer:
    """Writes to standard output, at most `limit` records."""

    def __init__(self, view: RecordView, *, as_json: bool, limit: int | None) -> None:
        self._view = view
        self._as_json = as_json
        self._left = limit
        self._console = console(soft_wrap=True)
        if not as_json:
            self._print(line(view.columns, None))

    def show(self, batch: list[Message]) -> bool:
        """Print a batch; whether the limit is reached."""
        for record in self._view.records(batch):
            if self._as_json:
                click.echo(json_line(for_json(record)))
            elif isinstance(record, UndecodableRecord):
                place = f"partition {record.partition}, offset {record.offset}"
                self._print(Text(visible(f"✗ {place}: {record.reason}: {record.message}"), "red"))
            else:
                self._print(line(self._view.columns, record))
            if self._left is not None:
                self._left -= 1
                if self._left == 0:
                    return True
        return False

    def _print(self, text: Text) -> None:
        self._console.print(text)
