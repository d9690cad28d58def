"""Rows of bars in columns, with the line of the file that each came from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from app.domain.records import MINUTE_MS, Bar
from app.domain.validation import (
    EARLIEST_MS,
    HIGHEST_PRICE,
    LATEST_MS,
    LOWEST_PRICE,
    MOST_TRADES,
    bar_fault,
    text_fault,
)

Column = np.ndarray[Any, Any]

#: In the column of trade counts: there is none.
NO_COUNT = -1


class BadRow(ValueError):
    """The row is not a bar; the message says why."""


class BarRow(NamedTuple):
    """One bar. `timestamp` is the start of its minute, UTC milliseconds since 1970."""

    symbol: str
    timestamp: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    trade_count: int | None = None
    vwap: float | None = None


@dataclass(frozen=True, slots=True)
class BarRows:
    """n rows; prices and volume are f8[n]."""

    #: i8[n], the line or place in the file, counted from 1.
    line: Column
    #: The different symbols.
    names: tuple[str, ...]
    #: i8[n], which of the names.
    symbol: Column
    #: i8[n], start of the minute, UTC milliseconds since 1970.
    timestamp: Column
    open: Column
    high: Column
    low: Column
    close: Column
    volume: Column
    #: i8[n]; NO_COUNT for none.
    trade_count: Column
    #: f8[n]; not a number for none.
    vwap: Column
    #: i8[n], which of several files; 0 in the first.
    file: Column

    def __len__(self) -> int:
        return len(self.line)

    def take(self, which: Any) -> "BarRows":
        """The rows that a mask, a slice or indexes choose."""
        return BarRows(self.line[which], self.names, *(column[which] for column in self.columns()))

    def columns(self) -> tuple[Column, ...]:
        """All but line and names, in order."""
        return (
            *(self.symbol, self.timestamp, self.open, self.high, self.low, self.close),
            *(self.volume, self.trade_count, self.vwap, self.file),
        )

    def of_file(self, number: int) -> "BarRows":
        """The same rows, said to be of that file."""
        return replace(self, file=np.full(len(self), number)) if number else self

    def only(self, symbols: frozenset[str]) -> "BarRows":
        """The rows of these symbols; all rows if no symbol is given."""
        if not symbols:
            return self
        wanted = np.array([name in symbols for name in self.names], bool)
        return self if wanted.all() else self.take(wanted[self.symbol])

    def plainly_good(self) -> Column:
        """bool[n]: true for rows that `bar_fault` has nothing to say of; where it is false, `bar_fault` decides."""
        start, vwap, count = self.timestamp, self.vwap, self.trade_count
        # Every comparison is false for NaN.
        good = (self.low >= LOWEST_PRICE) & (self.high <= HIGHEST_PRICE)
        for price in (self.open, self.close):
            good &= (self.low <= price) & (price <= self.high)
        good &= (self.volume >= 0.0) & (self.volume < np.inf)
        good &= (start >= EARLIEST_MS) & (start < LATEST_MS) & (start % MINUTE_MS == 0)
        good &= np.isnan(vwap) | ((vwap > 0.0) & (vwap < np.inf))
        good &= (count >= NO_COUNT) & (count <= MOST_TRADES)
        names = np.array([symbol_fault(name) is None for name in self.names], bool)
        result: Column = good & names[self.symbol]
        return result


def symbol_fault(symbol: str) -> str | None:
    """None for a symbol, otherwise a sentence."""
    # What could not be decoded: two symbols that were damaged would become one.
    if "\ufffd" in symbol:
        return f"symbol is {symbol[:60]!r}, some of its text is damaged"
    return text_fault("any", symbol, "", "", "")


def row_fault(row: BarRow) -> str | None:
    """None for a row that makes sense as a bar, otherwise a sentence."""
    rest: dict[str, Any] = {"run_id": "any", "origin": "replay", "source": "", "feed": "", "adjustment": ""}
    return bar_fault({**row._asdict(), **rest}) or symbol_fault(row.symbol)


def rows_of(lines: Sequence[int], rows: Sequence[BarRow]) -> BarRows:
    """Rows in columns."""
    codes: dict[str, int] = {}
    symbol = np.array([codes.setdefault(row.symbol, len(codes)) for row in rows], np.int64)
    open_, high, low, close, volume = np.array([row[2:7] for row in rows], float).reshape(-1, 5).T.copy()
    counts = [NO_COUNT if row.trade_count is None else row.trade_count for row in rows]
    vwaps = [np.nan if row.vwap is None else row.vwap for row in rows]
    return BarRows(
        np.array(lines, np.int64),
        tuple(codes),
        symbol,
        np.array([row.timestamp for row in rows], np.int64),
        *(open_, high, low, close, volume),
        np.array(counts, np.int64),
        np.array(vwaps, float),
        np.zeros(len(rows), np.int64),
    )


def joined(parts: Sequence[BarRows]) -> BarRows:
    """The rows of all, one part after the other; there must be one."""
    if len(parts) == 1:
        return parts[0]
    codes: dict[str, int] = {}
    symbols = []
    for part in parts:
        places = np.array([codes.setdefault(name, len(codes)) for name in part.names], np.int64)
        symbols.append(places[part.symbol])
    columns = [np.concatenate(each) for each in zip(*(part.columns()[1:] for part in parts), strict=True)]
    return BarRows(np.concatenate([part.line for part in parts]), tuple(codes), np.concatenate(symbols), *columns)


def bars_of(rows: BarRows, run_id: str, sources: Sequence[str]) -> list[Bar]:
    """The rows as records for the topic; `sources` has a label for each file."""
    lists = (column.tolist() for column in rows.columns())
    names = rows.names
    return [
        {
            "symbol": names[symbol],
            "timestamp": timestamp,
            "open": open_,
            "high": high,
            "low": low,
            "close": close,
            "volume": volume,
            "trade_count": count if count >= 0 else None,
            "vwap": vwap if vwap == vwap else None,
            "run_id": run_id,
            "origin": "replay",
            "source": sources[file],
            "feed": "",
            "adjustment": "",
        }
        for symbol, timestamp, open_, high, low, close, volume, count, vwap, file in zip(*lists, strict=True)
    ]
