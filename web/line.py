"""A row of a list, with what lists are put in order by."""

from typing import NamedTuple


class Line(NamedTuple):
    """A signal or bar: its bar's start (UTC, milliseconds since 1970), symbol, revision, and its JSON as answered."""

    timestamp: int
    symbol: str
    revision: int
    json: bytes
