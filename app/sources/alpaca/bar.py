"""One bar as Alpaca sends it, and as the topic takes it."""

import reprlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from app.domain.records import Bar, Origin
from app.domain.validation import bar_fault
from app.sources.timestamps import parse_timestamp
from app.times import iso

# What came is shown, but no deeper and longer than a bar is: repr() of nested nonsense can exhaust the stack.
_REPR = reprlib.Repr()
_REPR.maxlevel, _REPR.maxdict, _REPR.maxstring, _REPR.maxother = 2, 12, 60, 60


class BadBar(ValueError):
    """It is no bar; the message says which one and why."""


class AlpacaBar(NamedTuple):
    """One one-minute bar: `timestamp` is its start in UTC milliseconds since 1970, prices are in US dollars."""

    symbol: str
    timestamp: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    trade_count: int | None
    vwap: float | None


def from_json(symbol: str, fields: Any) -> AlpacaBar:
    """A bar of a REST answer: `{"t": "2024-11-14T14:30:00Z", "o": …, "h", "l", "c", "v", "n", "vw"}`. Raises BadBar."""
    return _read(symbol, fields)


def from_stream(fields: Any) -> AlpacaBar:
    """A bar of a websocket message: the same with `S`, and `t` a msgpack Timestamp. Raises BadBar."""
    if not isinstance(fields, Mapping) or not isinstance(fields.get("S"), str):
        raise BadBar(f"a message without a symbol: {_said(fields)}")
    return _read(fields["S"], fields)


def to_bar(bar: AlpacaBar, *, origin: Origin, source: str, feed: str, run_id: str) -> Bar:
    """The record for the topic. Raises BadBar when it makes no sense."""
    record: Bar = {
        "symbol": bar.symbol,
        "timestamp": bar.timestamp,
        "open": bar.open,
        "high": bar.high,
        "low": bar.low,
        "close": bar.close,
        "volume": bar.volume,
        "trade_count": bar.trade_count,
        "vwap": bar.vwap,
        "run_id": run_id,
        "origin": origin,
        "source": source,
        "feed": feed,
        "adjustment": "raw",
    }
    if fault := bar_fault(record):
        raise BadBar(f"{bar.symbol} {iso(bar.timestamp)}: {fault}")
    return record


def _read(symbol: str, fields: Any) -> AlpacaBar:
    try:
        trade_count, vwap = fields.get("n"), fields.get("vw")
        return AlpacaBar(
            symbol,
            _milliseconds(fields["t"]),
            _number(fields["o"]),
            _number(fields["h"]),
            _number(fields["l"]),
            _number(fields["c"]),
            _number(fields["v"]),
            None if trade_count is None else _whole(trade_count),
            None if vwap is None else _number(vwap),
        )
    except KeyError as error:
        raise BadBar(f"{symbol}: a bar without {error}: {_said(fields)}") from None
    except (AttributeError, TypeError, ValueError, OverflowError):
        raise BadBar(f"{symbol}: what should be a bar is {_said(fields)}") from None


def _number(value: Any) -> float:
    # Not what float() takes besides: true, or a text.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return float(value)


def _whole(value: Any) -> int:
    number = _number(value)
    if not number.is_integer():
        raise ValueError
    return int(number)


def _said(fields: Any) -> str:
    return f"{_REPR.repr(fields):.200}"


def _milliseconds(time: Any) -> int:
    """From RFC 3339 text, or a msgpack Timestamp."""
    if isinstance(time, str):
        return parse_timestamp(time)
    return int(time.to_unix_nano()) // 1_000_000
