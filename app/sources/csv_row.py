"""One line of a CSV file as a bar."""

import csv
import re
from collections.abc import Callable, Iterable

from app.domain.records import Bar, Origin
from app.domain.validation import bar_fault
from app.sources.base import SourceError
from app.sources.timestamps import has_zone, parse_timestamp

REQUIRED = ("symbol", "timestamp", "open", "high", "low", "close", "volume")
OPTIONAL = ("trade_count", "vwap")


#: Of a line, in characters; a longer one is no bar, and must not be read into memory as a whole.
LONGEST_LINE = 16_384

# What float() takes besides, a stray "_" or another script's digits, was not meant as a number.
_NUMBER = re.compile(r"[-+0-9.eE]+|[-+]?(?:nan|inf|infinity)", re.IGNORECASE | re.ASCII)


class BadLine(ValueError):
    """The line is not a bar; the message says why."""


def split(line: str) -> list[str]:
    """The fields of one line, quoted or not. Raises BadLine."""
    if len(line) >= LONGEST_LINE:
        raise BadLine(f"it is {LONGEST_LINE:,} characters long or longer")
    # A line at a time, so that a quote that is never closed spoils its own line and not all that follow.
    try:
        if not line.isascii():
            line.encode()
        return next(csv.reader((line,), strict=True))
    except UnicodeEncodeError:
        raise BadLine("it is not UTF-8 text") from None
    except csv.Error as error:
        raise BadLine(f"it is not CSV ({error})") from None


class RowReader:
    """Turns the lines below one header into bars of one run.

    `header` is the header's fields, in any order and case. Raises SourceError
    when a required column is missing or one is there twice.
    """

    def __init__(self, header: Iterable[str], *, run_id: str, origin: Origin, source: str) -> None:
        columns = [name.strip().lower() for name in header]
        self._run_id, self._origin, self._source = run_id, origin, source
        self._width = len(columns)
        self.unknown = [name for name in columns if name not in REQUIRED + OPTIONAL]
        if missing := [name for name in REQUIRED if name not in columns]:
            found = ", ".join(columns) if any(columns) else "nothing"
            raise SourceError(
                f"The first line must name the columns {', '.join(REQUIRED)} (and may name {', '.join(OPTIONAL)}), "
                f"separated by commas. Missing: {', '.join(missing)}. Found: {found[:300]}."
            )
        if twice := [name for name in REQUIRED + OPTIONAL if columns.count(name) > 1]:
            raise SourceError(f"The first line names these columns more than once: {', '.join(twice)}.")
        self._at = [columns.index(name) for name in REQUIRED]
        self._trade_count_at, self._vwap_at = (columns.index(n) if n in columns else None for n in OPTIONAL)

    def has_zone(self, line: str) -> bool:
        """Whether the line's timestamp names its zone. Raises ValueError when it is none."""
        return has_zone(split(line)[self._at[1]].strip())

    def bar(self, line: str) -> Bar:
        """The line's bar. Raises BadLine."""
        fields = split(line)
        if len(fields) != self._width:
            raise BadLine(f"it has {len(fields)} fields, the first line has {self._width}")
        symbol, timestamp, open_, high, low, close, volume = [fields[i] for i in self._at]
        trade_count = fields[self._trade_count_at] if self._trade_count_at is not None else ""
        vwap = fields[self._vwap_at] if self._vwap_at is not None else ""
        try:
            bar: Bar = {
                "symbol": symbol.strip(),
                "timestamp": parse_timestamp(timestamp.strip()),
                "open": _number(open_),
                "high": _number(high),
                "low": _number(low),
                "close": _number(close),
                "volume": _number(volume),
                "trade_count": _whole(trade_count) if trade_count else None,
                "vwap": _number(vwap) if vwap else None,
                "run_id": self._run_id,
                "origin": self._origin,
                "source": self._source,
                "feed": "",
                "adjustment": "",
            }
        except ValueError as error:
            raise BadLine(self._not_a_number(fields) or str(error)) from None
        if fault := bar_fault(bar):
            raise BadLine(fault)
        return bar

    def _not_a_number(self, fields: list[str]) -> str | None:
        numbers = [(name, at, _number) for name, at in zip(REQUIRED[2:], self._at[2:], strict=True)]
        optional: list[tuple[str, int | None, Callable[[str], float]]] = [
            ("trade_count", self._trade_count_at, _whole),
            ("vwap", self._vwap_at, _number),
        ]
        for name, at, parse in [*numbers, *((n, a, p) for n, a, p in optional if a is not None and fields[a])]:
            try:
                parse(fields[at])
            except ValueError:
                return f"{name} is {fields[at]!r}, not a number"
        return None


def _number(text: str) -> float:
    number = float(text)
    if not _NUMBER.fullmatch(text) and not _NUMBER.fullmatch(text.strip()):
        raise ValueError(f"{text!r} is not a number")
    return number


def _whole(text: str) -> int:
    """A whole number, also as pandas writes it when a column has holes: 12.0."""
    number = _number(text)
    if not number.is_integer():
        raise ValueError(f"{text!r} is not a whole number")
    return int(number)
