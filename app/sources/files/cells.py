"""Reads one line of a text file as a bar; the slow way, which says why a line is not one."""

import csv
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.sources.files.bar_rows import BadRow, BarRow, row_fault
from app.sources.files.file_times import TimeReader
from app.sources.files.text import LONGEST_LINE

PRICES = ("open", "high", "low", "close")
NUMBERS = (*PRICES, "volume")

# What float() takes besides, a stray "_" or another script's digits, was not meant as a number.
_NUMBER = re.compile(r"[-+0-9.eE]+|[-+]?(?:nan|inf|infinity)", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Layout:
    """The places of a bar's values in a line."""

    #: Fields of a line.
    width: int
    #: Our columns but the timestamp, each with its place; without `symbol` where that is fixed.
    at: Mapping[str, int]
    #: The places that the timestamp is made of.
    time_at: tuple[int, ...]
    times: TimeReader
    symbol: str | None = None
    delimiter: str = ","
    decimal: str = "."
    #: Prices are so many times too large.
    scale: float = 1.0
    #: A line may hold nothing of this symbol.
    sparse: bool = False


def split(line: str, delimiter: str = ",") -> list[str]:
    """The fields of one line, quoted or not. Raises BadRow."""
    if len(line) >= LONGEST_LINE:
        raise BadRow(f"it is {LONGEST_LINE:,} characters long or longer")
    # A line at a time, so that a quote that is never closed spoils its own line and not all that follow.
    try:
        if not line.isascii():
            line.encode()
            if "\ufffd" in line:
                raise BadRow("some of its text is damaged")
        return next(csv.reader((line,), delimiter=delimiter, strict=True), [])
    except UnicodeEncodeError:
        raise BadRow("it is not UTF-8 text") from None
    except csv.Error as error:
        raise BadRow(f"it is not CSV ({error})") from None


def is_empty(fields: list[str], layout: Layout) -> bool:
    """Whether a line has none of a sparse layout's prices."""
    return layout.sparse and len(fields) == layout.width and not any(fields[layout.at[name]] for name in PRICES)


def read_row(fields: list[str], layout: Layout) -> BarRow:
    """The bar of a line's fields. Raises BadRow; NoZone, which is a ValueError, when its time has no zone."""
    if len(fields) != layout.width:
        raise BadRow(f"it has {len(fields)} fields, the first line has {layout.width}")
    symbol = layout.symbol if layout.symbol is not None else fields[layout.at["symbol"]].strip()
    timestamp = layout.times.one(" ".join(fields[place].strip() for place in layout.time_at))
    prices = [_number(name, fields[layout.at[name]], layout) for name in NUMBERS]
    count, vwap = (fields[layout.at[name]] if name in layout.at else "" for name in ("trade_count", "vwap"))
    open_, high, low, close = (price / layout.scale for price in prices[:4])
    row = BarRow(
        symbol,
        timestamp,
        *(open_, high, low, close, prices[4]),
        _whole("trade_count", count, layout) if count else None,
        _number("vwap", vwap, layout) / layout.scale if vwap else None,
    )
    if fault := row_fault(row):
        raise BadRow(fault)
    return row


def _number(name: str, text: str, layout: Layout) -> float:
    spelled = text.strip()
    if layout.decimal != ".":
        spelled = "no number" if "." in spelled else spelled.replace(layout.decimal, ".")
    if _NUMBER.fullmatch(spelled):
        try:
            return float(spelled)
        except ValueError:
            pass
    raise BadRow(f"{name} is {text[:60]!r}, not a number")


def _whole(name: str, text: str, layout: Layout) -> int:
    """A whole number, also as pandas writes it when a column has holes: 12.0."""
    number = _number(name, text, layout)
    if not math.isfinite(number) or not number.is_integer():
        raise BadRow(f"{name} is {text[:60]!r}, not a number")
    return int(number)
