"""Alpaca's REST answers, taken apart."""

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from app.sources.alpaca.bar import AlpacaBar, BadBar, from_json
from app.sources.alpaca.errors import Undocumented
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


class Page(NamedTuple):
    """What one page says of each symbol, unread, and the token that asks for the next; None: it was the last."""

    rows: list[tuple[str, Any]]
    next_token: str | None


def page(answer: Any) -> Page:
    """Of `{"bars": {"AAPL": [{"t": …}, …]}, "next_page_token": …}`. Raises Undocumented."""
    try:
        by_symbol, token = answer["bars"] or {}, answer.get("next_page_token") or None
        rows = [(symbol, fields) for symbol in sorted(by_symbol) for fields in list(by_symbol[symbol] or ())]
    except (KeyError, TypeError):
        raise Undocumented("bars") from None
    return Page(rows, token)


def bars(
    rows: Iterable[tuple[str, Any]],
    symbols: Collection[str],
    span: range,
    numbers: Iterator[int],
    on_fault: OnFault,
) -> Iterator[AlpacaBar]:
    """Those of `symbols` that start within `span`; what is no bar goes to `on_fault`, numbered by `numbers`."""
    for symbol, fields in rows:
        number = next(numbers)
        try:
            if symbol not in symbols:
                raise BadBar(f"{symbol}: nobody asked for it")
            bar = from_json(symbol, fields)
        except BadBar as fault:
            on_fault(Fault(number, str(fault)))
            continue
        if bar.timestamp in span:
            yield bar


def calendar(days: Any) -> list[Session]:
    """Of `[{"date": "2024-11-29", "open": "09:30", "close": "13:00"}, …]`, in New York's time. Raises Undocumented."""
    try:
        return [
            Session(_new_york_ms(day["date"], day["open"]), _new_york_ms(day["date"], day["close"])) for day in days
        ]
    except (AttributeError, KeyError, TypeError, ValueError):
        raise Undocumented("calendar") from None


def market_clock(answer: Any) -> MarketClock:
    """Of `{"timestamp": …, "is_open": true, "next_open": …, "next_close": …}`. Raises Undocumented."""
    try:
        now, next_open, next_close = (
            parse_timestamp(answer[name]) for name in ("timestamp", "next_open", "next_close")
        )
        return MarketClock(now, bool(answer["is_open"]), next_open, next_close)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise Undocumented("clock") from None


def _new_york_ms(day: str, time: str) -> int:
    moment = datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=_NEW_YORK)
    return int(moment.astimezone(UTC).timestamp()) * 1000
