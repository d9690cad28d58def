"""An answer with rows, as JSON or as CSV, made in turns: a list of thousands must not hold the event loop."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, get_args
from urllib.parse import quote

from fastapi import Request, Response
from pydantic import BaseModel

from app.cooperative import in_turns
from web.csv_table import csv_of
from web.negotiation import Format, format_of
from web.revalidation import Validator

#: Fields that change with the time of the request only; an answer that differs in nothing else is the same.
_MOVING: Any = {"partitions": {"__all__": {"as_of", "lag"}}}

#: The `responses=` of a route that answers in this way.
CSV: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "JSON, or CSV with `?format=csv` or `Accept: text/csv`.",
        "content": {"text/csv": {"schema": {"type": "string", "description": "A line of names, then one a row."}}},
    }
}


async def lines_of(rows: Iterable[BaseModel]) -> list[bytes]:
    """Each row as JSON."""
    return [row.model_dump_json().encode() async for row in in_turns(rows)]


async def answered(
    request: Request,
    head: BaseModel,
    rows: str,
    lines: Sequence[bytes],
    asked: Format | None,
    *,
    lead: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer in the format that the request wants, with an ETag and these `headers`.

    `head` is all of it but the list named `rows`, which is empty there: these are `lines`, each the JSON of one.
    As CSV they are the table, with the columns of `lead` before each. The rest of the answer becomes headers
    (`Stocks-Total`), for there is no place for it in a table.
    """
    chosen = format_of(asked, request.headers.get("accept", ""))
    same = Validator(chosen.encode(), head.model_dump_json(exclude=_MOVING).encode())
    async for line in in_turns(lines):
        same.add(line)
    if chosen == "csv":
        table = await csv_of(_row_model(head, rows), lines, lead or {})
        response = Response(table, media_type="text/csv; charset=utf-8; header=present")
        response.headers["Content-Disposition"] = f'inline; filename="{_file_name(request.url.path)}"'
        response.headers.update(dict(_beside(head)))
    else:
        # No text within can look like that, for its quotes would be escaped.
        before, empty, after = head.model_dump_json().encode().partition(f'"{rows}":['.encode())
        response = Response(b"".join((before, empty, b",".join(lines), after)), media_type="application/json")
    response.headers.update({**(headers or {}), "ETag": same.etag, "Vary": "Accept"})
    return response


def _row_model(head: BaseModel, rows: str) -> type[BaseModel]:
    model: type[BaseModel] = get_args(type(head).model_fields[rows].annotation)[0]
    return model


def _beside(head: BaseModel) -> Iterator[tuple[str, str]]:
    """The single values of the answer, as headers."""
    for name, value in head:
        if isinstance(value, (str, int, float)) and name != "next":
            text = str(value).lower() if isinstance(value, bool) else str(value)
            yield f"Stocks-{name.replace('_', '-').title()}", quote(text, safe=" /:@!$&'()*+,;=~")


def _file_name(path: str) -> str:
    """Such as `signals-AAPL.csv`."""
    return "-".join(re.findall(r"[A-Za-z0-9._]+", path)) + ".csv"
