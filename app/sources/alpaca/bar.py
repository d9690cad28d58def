"""One bar as Alpaca sends it, and as the topic takes it."""

import reprlib
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from app.domain.records import Bar, Origin
from app.domain.validation import bar_fault
from app.sources.timestamps import parse_timestamp
from app.times import iso

# Faults quote what came, but no deeper and longer than a bar is: repr() of nested nonsense can exhaust the stack.
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
    try:
        start_ms = _milliseconds(fields["t"])
        open_, high, low, close, volume = (_number(fields[name]) for name in "ohlcv")
        trade_count, vwap = fields.get("n"), fields.get("vw")
        trade_count = None if trade_count is None else _whole(trade_count)
        vwap = None if vwap is None else _number(vwap)
        return AlpacaBar(symbol, start_ms, open_, high, low, close, volume, trade_count, vwap)
    except KeyError as error:
        raise BadBar(f"{symbol}: a bar without {error}: {_quoted(fields)}") from None
    except (AttributeError, TypeError, ValueError, OverflowError):
        raise BadBar(f"{symbol}: what should be a bar is {_quoted(fields)}") from None


def from_stream(fields: Any) -> AlpacaBar:
    """A bar of a websocket message: the same with `S`, and `t` a msgpack Timestamp. Raises BadBar."""
    if not isinstance(fields, Mapping) or not isinstance(fields.get("S"), str):
        raise BadBar(f"a message without a symbol: {_quoted(fields)}")
    return from_json(fields["S"], fields)


def to_bar(bar: AlpacaBar, *, origin: Origin, source: str, feed: str, run_id: str) -> Bar:
    """The record for the topic. Raises BadBar when it makes no sense."""
    ours = {"origin": origin, "source": source, "feed": feed, "run_id": run_id, "adjustment": "raw"}
    record = cast(Bar, bar._asdict() | ours)
    if fault := bar_fault(record):
        raise BadBar(f"{bar.symbol} {iso(bar.timestamp)}: {fault}")
    return record


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


def _milliseconds(time: Any) -> int:
    """From RFC 3339 text, or a msgpack Timestamp."""
    if isinstance(time, str):
        return parse_timestamp(time)
    return int(time.to_unix_nano()) // 1_000_000


def _quoted(fields: Any) -> str:
    return f"{_REPR.repr(fields):.200}"
