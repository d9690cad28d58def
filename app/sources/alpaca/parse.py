"""Alpaca's REST answers and websocket frames, taken apart."""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, time
from typing import Any, NamedTuple

import msgpack

from app.calendar.session import Session, new_york_ms
from app.sources.alpaca.bar import AlpacaBar, BadBar, from_json, from_stream
from app.sources.alpaca.errors import ProtocolError
from app.sources.timestamps import parse_timestamp

OnBad = Callable[[str], None]
"""Gets the reason why something is no bar."""


class MarketClock(NamedTuple):
    """What Alpaca says of the market; times are UTC milliseconds since 1970."""

    now_ms: int
    is_open: bool
    next_open_ms: int
    next_close_ms: int


def page(answer: Any) -> tuple[list[tuple[str, Any]], str | None]:
    """Of `{"bars": {"AAPL": [{"t": …}, …]}, "next_page_token": …}`: symbols and bars, not checked, and the token.

    Without a token it is the last page. Raises ProtocolError.
    """
    with _documented("bars"):
        by_symbol, token = answer["bars"] or {}, answer.get("next_page_token") or None
        if not isinstance(token, str | None):
            raise TypeError(token)
        return [(symbol, fields) for symbol in sorted(by_symbol) for fields in list(by_symbol[symbol] or ())], token


def calendar(days: Any) -> list[Session]:
    """Of `[{"date": "2024-11-29", "open": "09:30", "close": "13:00"}, …]`, in New York's time. Raises ProtocolError."""
    with _documented("calendar"):
        return [Session(_new_york(day["date"], day["open"]), _new_york(day["date"], day["close"])) for day in days]


def market_clock(answer: Any) -> MarketClock:
    """Of `{"timestamp": …, "is_open": true, "next_open": …, "next_close": …}`. Raises ProtocolError."""
    with _documented("clock"):
        now, opens, closes = (parse_timestamp(answer[name]) for name in ("timestamp", "next_open", "next_close"))
        return MarketClock(now, bool(answer["is_open"]), opens, closes)


def frame(data: str | bytes) -> list[Any]:
    """The messages of one websocket frame. Raises ProtocolError."""
    if isinstance(data, str):
        raise ProtocolError(f"a frame of text, not msgpack: {data!r:.100}")
    try:
        messages = msgpack.unpackb(data)
    except ValueError as error:
        raise ProtocolError(f"a frame that is not msgpack ({error}): {data!r:.100}") from None
    if not isinstance(messages, list):
        raise ProtocolError(f"a frame that is no list of messages: {messages!r:.100}")
    return messages


def page_bars(
    rows: Iterable[tuple[str, Any]], symbols: Collection[str], span: range, on_bad: OnBad
) -> Iterator[AlpacaBar]:
    """Those of `symbols` that start within `span`; why a row is no bar goes to `on_bad`."""
    for symbol, fields in rows:
        try:
            if symbol not in symbols:
                raise BadBar(f"{symbol}: nobody asked for it")
            bar = from_json(symbol, fields)
        except BadBar as error:
            on_bad(str(error))
        else:
            if bar.timestamp in span:
                yield bar


def stream_bars(messages: Iterable[Any], symbols: Collection[str], on_bad: OnBad) -> Iterator[AlpacaBar]:
    """The bars and updated bars of `symbols`; in place of a frame that was none, `messages` has a ProtocolError."""
    for message in messages:
        try:
            if isinstance(message, ProtocolError):
                raise BadBar(str(message))
            if not isinstance(message, dict) or "T" not in message:
                raise BadBar(f"a message without a type: {message!r:.200}")
            if message["T"] not in ("b", "u"):
                continue
            bar = from_stream(message)
            if bar.symbol not in symbols:
                raise BadBar(f"a bar of {bar.symbol!r:.40}, which was not asked for")
        except BadBar as error:
            on_bad(str(error))
        else:
            yield bar


def _new_york(day: str, clock_time: str) -> int:
    return new_york_ms(date.fromisoformat(day), time.fromisoformat(clock_time))


@contextmanager
def _documented(what: str) -> Iterator[None]:
    """Raises ProtocolError where the answer turns out to have another form than Alpaca documents."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        check = "check APCA_API_BASE_URL and APCA_API_DATA_URL."
        raise ProtocolError(f"Alpaca's answer does not have the documented form ({what}): {check}") from None
