"""Bars from a CSV file, gzipped or not.

Columns: symbol, timestamp, open, high, low, close, volume, optionally
trade_count and vwap, named in the first line in any order and case; others are
ignored. One bar a line; several symbols in one file. Timestamps: see
timestamps.py. Lines are sent in the file's order, repeated and late ones
included: the window knows what to do with them.
"""

import datetime
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from app.domain.records import Bar, Origin
from app.domain.validation import LONGEST_LABEL
from app.sources.base import Fault, NeverWaits, OnFault, OnNotice, SourceError
from app.sources.csv_row import LONGEST_LINE, BadLine, RowReader, split
from app.sources.run_id import new_run_id

_GZIP_MAGIC = b"\x1f\x8b"
_CHUNK = 1 << 20


class CsvFile(NeverWaits):
    """The bars of one file (only those of `symbols`, if any are given), as a Source.

    Raises SourceError when the file cannot be opened or its first line is not a header.
    """

    origin: Origin = "replay"

    def __init__(
        self,
        path: Path,
        *,
        run_id: str | None = None,
        symbols: frozenset[str] = frozenset(),
        on_fault: OnFault = lambda _: None,
        on_notice: OnNotice = lambda _: None,
    ) -> None:
        self.name = f"csv:{path.name}"[:LONGEST_LABEL]
        self.read = 0
        self._path, self._symbols = path, symbols
        self._on_fault, self._on_notice = on_fault, on_notice
        if path.exists() and not path.is_file():
            raise SourceError(f"{path} is not a file. Give the path of a CSV file.")
        with _sentences(path):
            self.total = _count_lines(path) - 1
            day, self._zoned = self._peek()
        self.run_id = run_id or new_run_id("replay", day)

    def __str__(self) -> str:
        return f"csv, {self._path}: {self.total:,} lines"

    def bars(self) -> Iterator[Bar]:
        """Each good line's bar; the others go to `on_fault`."""
        with _sentences(self._path), _text(self._path) as lines:
            rows = self._rows(lines, self.run_id)
            if rows.unknown:
                self._on_notice(f"{self.name}: ignored columns: {', '.join(rows.unknown)}.")
            if not self._zoned:
                self._on_notice(f"{self.name}: timestamps without a zone are read as UTC.")
            wanted = self._symbols
            for self.read, line in enumerate(lines, start=1):
                if line.isspace():
                    continue
                try:
                    bar = rows.bar(line)
                except BadLine as error:
                    self._on_fault(Fault(self.read + 1, str(error)))
                    continue
                if not wanted or bar["symbol"] in wanted:
                    yield bar

    def _rows(self, lines: Iterator[str], run_id: str) -> RowReader:
        header = next(lines, "")
        try:
            return RowReader(split(header), run_id=run_id, origin=self.origin, source=self.name)
        except (BadLine, SourceError) as error:
            raise SourceError(f"{self._path}: {error}") from None

    def _peek(self) -> tuple[datetime.date, bool]:
        """The first good line's UTC day, and whether its timestamp names its zone."""
        with _text(self._path) as lines:
            rows = self._rows(lines, run_id="not-yet-known")
            first_fault: Fault | None = None
            for number, line in enumerate(lines, start=2):
                if line.isspace():
                    continue
                try:
                    moment = rows.bar(line)["timestamp"] / 1000
                    return datetime.datetime.fromtimestamp(moment, datetime.UTC).date(), rows.has_zone(line)
                except BadLine as error:
                    first_fault = first_fault or Fault(number, str(error))
        why = f"; line {first_fault.line}: {first_fault.message}" if first_fault else ""
        raise SourceError(f"{self._path}: there is no bar in it{why}.")


@contextmanager
def _sentences(path: Path) -> Iterator[None]:
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise SourceError(f"{path}: the gzip data is damaged or cut off ({error}). Fetch the file again.") from None
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}. Give the path of a CSV file.") from None


@contextmanager
def _binary(path: Path) -> Iterator[BinaryIO]:
    """The file's bytes, unzipped if need be, whatever its name says."""
    with path.open("rb") as raw:
        zipped = raw.read(2) == _GZIP_MAGIC
        raw.seek(0)
        if not zipped:
            yield raw
            return
        with gzip.open(raw) as unzipped:
            yield cast(BinaryIO, unzipped)


@contextmanager
def _text(path: Path) -> Iterator[Iterator[str]]:
    # Bytes that are not UTF-8 become surrogates, so that they spoil their own line only: see split.
    with (
        _binary(path) as binary,
        io.TextIOWrapper(binary, encoding="utf-8-sig", errors="surrogateescape") as lines,
    ):
        yield _cut(lines)


def _cut(lines: io.TextIOWrapper) -> Iterator[str]:
    """The lines, of those that are too long only their beginning."""
    while line := lines.readline(LONGEST_LINE):
        yield line
        while len(line) == LONGEST_LINE and not line.endswith("\n"):
            line = lines.readline(LONGEST_LINE)


def _count_lines(path: Path) -> int:
    lines, last = 0, b"\n"
    with _binary(path) as binary:
        while chunk := binary.read(_CHUNK):
            lines += chunk.count(b"\n")
            last = chunk[-1:]
    return lines + (last != b"\n")
