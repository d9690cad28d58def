"""Alpaca's REST answers, taken apart."""

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from app.sources.alpaca.bar import AlpacaBar, BadBar, from_json
from app.sources.alpaca.errors import AlpacaError
from app.sources.base import Fault, OnFault
from app.sources.sessions import Session
from app.sources.timestamps import parse_timestamp

_NEW_YORK = ZoneInfo("America/New_York")


class MarketClock(NamedTuple):
    """What Alpaca says of the market; times are UTC milliseconds since 1970."""

    now_ms: int
    is_open: bool
    next_open_ms: int
    next_close_ms: int


def page(
    answer: dict[str, Any], symbols: Collection[str], span: range, numbers: Iterator[int], on_fault: OnFault
) -> list[AlpacaBar]:
    """The bars of `symbols` that start within `span`; what is none goes to `on_fault`, numbered by `numbers`.

    `answer` is `{"bars": {"AAPL": [{"t": …}, …]}, "next_page_token": …}`. Raises AlpacaError when it is not.
    """
    by_symbol = answer.get("bars") or {}
    if not isinstance(by_symbol, dict) or not all(isinstance(rows, list | None) for rows in by_symbol.values()):
        raise _undocumented("bars")
    bars = []
    for symbol, rows in sorted(by_symbol.items()):
        for fields in rows or ():
            number = next(numbers)
            try:
                if symbol not in symbols:
                    raise BadBar(f"{symbol}: nobody asked for it")
                bar = from_json(symbol, fields)
            except BadBar as fault:
                on_fault(Fault(number, str(fault)))
                continue
            if bar.timestamp in span:
                bars.append(bar)
    return bars


def calendar(days: Iterable[Any]) -> list[Session]:
    """Of `[{"date": "2024-11-29", "open": "09:30", "close": "13:00"}, …]`, in New York's time. Raises AlpacaError."""
    try:
        return [
            Session(_new_york_ms(day["date"], day["open"]), _new_york_ms(day["date"], day["close"])) for day in days
        ]
    except (AttributeError, KeyError, TypeError, ValueError):
        raise _undocumented("calendar") from None


def market_clock(answer: dict[str, Any]) -> MarketClock:
    """Of `{"timestamp": …, "is_open": true, "next_open": …, "next_close": …}`. Raises AlpacaError."""
    try:
        now, next_open, next_close = (
            parse_timestamp(answer[name]) for name in ("timestamp", "next_open", "next_close")
        )
        return MarketClock(now, bool(answer["is_open"]), next_open, next_close)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise _undocumented("clock") from None


def _new_york_ms(day: str, time: str) -> int:
    moment = datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=_NEW_YORK)
    return int(moment.astimezone(UTC).timestamp()) * 1000


def _undocumented(what: str) -> AlpacaError:
    return AlpacaError(
        f"Alpaca's answer has not the form that it documents ({what}): check APCA_API_BASE_URL and APCA_API_DATA_URL."
    )
