"""What each path answers to a request that may ask."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from urllib.parse import unquote

from tests.harness.doubles.alpaca.exchange import Exchange
from tests.harness.doubles.alpaca.pages import BadToken, page
from tests.harness.doubles.alpaca.request_log import LoggedRequest
from tests.harness.doubles.alpaca.times import new_york, parse_ns, text_of
from tests.harness.doubles.alpaca.traded_bars import FEEDS, TradedBar, TradedBars

_RECENT_MS = 15 * 60_000
_SYMBOL = re.compile(r"[A-Z]{1,5}(\.[A-Z]{1,3})?|FAKEPACA|[A-Z][0-9]{4}")
_MOST = 10_000
_ADJUSTMENTS = ("raw", "split", "dividend", "all")


class Refused(Exception):
    """An answer other than 200: `{"code": …, "message": …}`, or without a code as the market data API does."""

    def __init__(self, status: int, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"message": message} if code is None else {"code": code, "message": message}


class Answers:
    """The two APIs over one tape and exchange.

    A free plan has no SIP of the last 15 minutes. Well-formed symbols that
    are not on the tape are refused (`knows_all` false), or have no bars.
    """

    def __init__(self, tape: TradedBars, exchange: Exchange, *, free: bool = True, knows_all: bool = False) -> None:
        self.tape, self.exchange = tape, exchange
        self.free, self.knows_all = free, knows_all

    def answer(self, request: LoggedRequest) -> Any:
        """The JSON of a 200. Raises Refused."""
        match request.path.strip("/").split("/"):
            case ["v2", "calendar"]:
                return self._calendar(request.query)
            case ["v2", "clock"]:
                return self.exchange.clock(request.moment_ms)
            case ["v2", "account"]:
                return {"id": "00000000-0000-4000-8000-000000000000", "status": "ACTIVE", "currency": "USD"}
            case ["v2", "stocks", "bars"]:
                symbols = self._symbols(request.query.get("symbols", "").split(","))
                bars, token = self._bars(symbols, request)
                return {"bars": _by_symbol(bars), "next_page_token": token}
            case ["v2", "stocks", "bars", "latest"]:
                symbols = self._symbols(request.query.get("symbols", "").split(","))
                return {"bars": {bar.symbol: _json(bar) for bar in self._latest(symbols, request)}}
            case ["v2", "stocks", symbol, "bars"]:
                [symbol] = self._symbols([unquote(symbol)])
                bars, token = self._bars([symbol], request)
                return {"bars": [_json(bar) for bar in bars] or None, "symbol": symbol, "next_page_token": token}
            case ["v2", "stocks", symbol, "bars", "latest"]:
                [symbol] = self._symbols([unquote(symbol)])
                [bar] = self._latest([symbol], request)
                return {"bar": _json(bar), "symbol": symbol}
        raise Refused(404, "endpoint not found.", 40410000)

    def _bars(self, symbols: list[str], request: LoggedRequest) -> tuple[list[TradedBar], str | None]:
        query, now_ms = request.query, request.moment_ms
        if query.get("timeframe") not in ("1Min", "1T"):
            raise Refused(400, "invalid timeframe")
        if query.get("adjustment", "raw") not in _ADJUSTMENTS:
            raise Refused(400, "invalid adjustment")
        limit = _limit(query)
        start_ns = _time(query, "start", default_ms=_midnight(now_ms))
        latest_ms = now_ms - _RECENT_MS * (self.free and query.get("feed") == "sip")
        end_ns = _time(query, "end", default_ms=latest_ms)
        if end_ns < start_ns:
            raise Refused(400, "end should not be before start")
        if query.get("feed") == "sip":
            self._allow_sip(end_ns // 10**6, now_ms)
        # A bar's start lies between both or is one of them, to the nanosecond.
        start_ms, end_ms = -(-start_ns // 10**6), end_ns // 10**6

        def read(symbol: str) -> Iterable[TradedBar]:
            if symbol not in self.tape.symbols:
                return
            for feed, first_ms, last_ms in self._feeds(query, start_ms, end_ms, now_ms):
                yield from self.tape.seen(feed, symbol, first_ms, last_ms, now_ms)

        try:
            found = page(symbols, lambda symbol: iter(read(symbol)), limit, query.get("page_token"))
        except BadToken:
            raise Refused(400, "invalid page token") from None
        return found.bars, found.next_token

    def _feeds(self, query: Mapping[str, str], start_ms: int, end_ms: int, now_ms: int) -> list[tuple[str, int, int]]:
        feed = query.get("feed")
        if feed is None:
            # Nothing said means the best feed that the plan has: two feeds in one answer.
            recent_ms = now_ms - _RECENT_MS
            return [("sip", start_ms, min(end_ms, recent_ms)), ("iex", max(start_ms, recent_ms + 1), end_ms)]
        if feed not in FEEDS:
            raise Refused(400, f"invalid feed: {feed}")
        return [(feed, start_ms, end_ms)]

    def _latest(self, symbols: list[str], request: LoggedRequest) -> list[TradedBar]:
        feed, now_ms = request.query.get("feed", "iex"), request.moment_ms
        if feed == "sip":
            self._allow_sip(now_ms, now_ms)
        newest = []
        for symbol in symbols:
            newest += [*self.tape.seen(feed, symbol, 0, now_ms, now_ms)][-1:]
        return newest

    def _allow_sip(self, end_ms: int, now_ms: int) -> None:
        if self.free and end_ms > now_ms - _RECENT_MS:
            raise Refused(403, "subscription does not permit querying recent SIP data")

    def _symbols(self, symbols: list[str]) -> list[str]:
        if symbols == [""]:
            raise Refused(400, "symbols is required")
        known = _SYMBOL.fullmatch if self.knows_all else self.tape.symbols.__contains__
        for symbol in symbols:
            if not known(symbol):
                raise Refused(400, f"invalid symbol: {symbol}")
        return symbols

    def _calendar(self, query: Mapping[str, str]) -> list[dict[str, str]]:
        try:
            first = date.fromisoformat(query.get("start", "1970-01-01")[:10])
            last = date.fromisoformat(query.get("end", "2099-12-31")[:10])
        except ValueError:
            raise Refused(422, "invalid date", 42210000) from None
        return self.exchange.calendar(first, last)


def _limit(query: Mapping[str, str]) -> int:
    text = query.get("limit", "1000")
    if not text.isdigit() or not 1 <= int(text) <= _MOST:
        raise Refused(422, f"limit must be between 1 and {_MOST}")
    return int(text)


def _time(query: Mapping[str, str], name: str, default_ms: int) -> int:
    if name not in query:
        return default_ms * 10**6
    try:
        return parse_ns(query[name], end=name == "end")
    except ValueError as error:
        raise Refused(422, f"Invalid format for parameter {name}: {error}") from None


def _midnight(now_ms: int) -> int:
    return int(new_york(now_ms).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()) * 1000


def _by_symbol(bars: list[TradedBar]) -> dict[str, list[dict[str, Any]]]:
    result: dict[str, list[dict[str, Any]]] = {}
    for bar in bars:
        result.setdefault(bar.symbol, []).append(_json(bar))
    return result


def _json(bar: TradedBar) -> dict[str, Any]:
    return {
        "t": text_of(bar.timestamp),
        "o": bar.open,
        "h": bar.high,
        "l": bar.low,
        "c": bar.close,
        "v": bar.volume,
        "n": bar.trade_count,
        "vw": bar.vwap,
    }
