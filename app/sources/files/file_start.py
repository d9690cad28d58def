"""Reads the beginning of a file, which shows its form."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass

from app.sources.files.inputs import Input
from app.sources.files.text import LONGEST_LINE, blocks, encoding_of

_LINES = 50
_ENCODINGS = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8"}
_DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class FileStart:
    """What a file begins with."""

    input: Input
    #: The first bytes, unpacked.
    data: bytes
    #: `UTF-8`, `UTF-16`, …; empty when it is no text.
    encoding: str
    #: The first lines, without their ends.
    lines: tuple[str, ...]
    #: What separates the fields of the first line.
    delimiter: str

    def fields(self, number: int) -> list[str]:
        """The fields of a line, counted from 0, without white space around them; none where there is no such line."""
        if number >= len(self.lines):
            return []
        return [field.strip() for field in next(csv.reader((self.lines[number],), delimiter=self.delimiter), [])]

    @property
    def decimal(self) -> str:
        """`,` when numbers have a decimal comma, which they cannot between commas."""
        if self.delimiter == ",":
            return "."
        cells = [field for number in range(1, len(self.lines)) for field in self.fields(number)]
        halves = [cell.split(",") for cell in cells if cell.count(",") == 1]
        has_comma = any(left.lstrip("+-").isdecimal() and right.isdecimal() for left, right in halves)
        return "," if has_comma else "."


def read_start(source: Input) -> FileStart:
    """The beginning of a file. Raises SourceError when it cannot be read."""
    with source.open() as binary:
        data = binary.read(64)
    if data.startswith(b"PAR1"):
        return FileStart(source, data, "", (), ",")
    with source.open() as binary:
        encoding = encoding_of(data)
        first = next(blocks(binary, 1 << 16), b"")
    lines = [line[:LONGEST_LINE] for line in first.decode("utf-8", "replace").split("\n")[:_LINES]]
    if lines and not lines[-1]:
        lines.pop()
    return FileStart(source, data, _ENCODINGS.get(encoding, encoding.upper()), tuple(lines), _delimiter(lines))


def _delimiter(lines: Sequence[str]) -> str:
    """The sign that cuts the first line, which is the header if there is one, into the most fields."""
    first = lines[0] if lines else ""
    counts = {sign: len(_fields(first, sign)) for sign in _DELIMITERS}
    return max(_DELIMITERS, key=lambda sign: counts[sign])


def _fields(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader((line,), delimiter=delimiter), [])
    except csv.Error:
        return []
