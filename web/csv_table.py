"""Rows of an answer as CSV that pandas and spreadsheets read: one line a row, flat columns, nothing that is run.

Times are ISO-8601 in UTC as in JSON, numbers have all their digits, truth is `true` or `false`, and what is null is
empty. A model within a row is columns of its own (`split_open`), so are the entries of a mapping
(`own_indicators_band_middle`).
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from app.cooperative import in_turns

#: A spreadsheet takes a text that begins with one of these for a formula, and may run it; full-width ones, too.
_RUN = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


async def csv_of(model: type[BaseModel], lines: Sequence[bytes], lead: Mapping[str, str]) -> bytes:
    """The table with its line of names, of rows as lines of JSON. In turns.

    `model` is what the rows are made of, so that a table without rows has its columns; `lead` are columns that are
    the same in each row, and come first.
    """
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, [*lead, *await _columns(model, lines)], restval="")
    writer.writeheader()
    first = {name: _cell(value) for name, value in lead.items()}
    async for line in in_turns(lines):
        writer.writerow(first | _flat(json.loads(line)))
    return text.getvalue().encode()


def harmless(text: str) -> str:
    """The text, with an apostrophe before what would be a formula; spreadsheets show it as text then."""
    return f"'{text}" if text[:1] in _RUN else text


async def _columns(model: type[BaseModel], lines: Sequence[bytes]) -> list[str]:
    """By the model's fields; of mappings the keys that any row has, in the order in which they come."""
    columns: list[str] = []
    keys: dict[str, dict[str, None]] = {
        name: {} for name, field in model.model_fields.items() if get_origin(field.annotation) is dict
    }
    # Each line is read once more later: thousands of rows kept meanwhile would keep the garbage collector busy.
    async for line in in_turns(lines if keys else ()):
        row = json.loads(line)
        for name, known in keys.items():
            known.update(dict.fromkeys(row[name]))
    for name, field in model.model_fields.items():
        inner = _model_in(field.annotation)
        if inner is not None:
            columns += [f"{name}_{each}" for each in inner.model_fields]
        elif name in keys:
            columns += [f"{name}_{key}" for key in keys[name]]
        else:
            columns.append(name)
    return columns


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    cells: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, dict):
            cells |= {f"{name}_{key}": _cell(each) for key, each in value.items()}
        elif value is not None:
            cells[name] = _cell(value)
    return cells


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return harmless(value) if isinstance(value, str) else value


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model that a field may hold, such as that of `SplitOut | None`."""
    for each in (annotation, *get_args(annotation)):
        if isinstance(each, type) and issubclass(each, BaseModel):
            return each
    return None
