"""Bars a page at a time: one symbol after the other, each by time, with a token that says where the page ended."""

import base64
import binascii
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from tests.harness.doubles.alpaca.times import parse_ns, text_of
from tests.harness.doubles.alpaca.traded_bars import TradedBar

Read = Callable[[str], Iterator[TradedBar]]


class BadToken(ValueError):
    """The page token is none of ours."""


class Page(NamedTuple):
    """At most `limit` bars; a full page has a token, also when no bar is left for the next."""

    bars: list[TradedBar]
    next_token: str | None


def page(symbols: Sequence[str], read: Read, limit: int, token: str | None) -> Page:
    """The page after the one that ended with `token`; `read` gives a symbol's bars. Raises BadToken."""
    after = _decode(token) if token else None
    bars: list[TradedBar] = []
    for symbol in sorted(symbols):
        if after and symbol < after[0]:
            continue
        left = (bar for bar in read(symbol) if not (after and symbol == after[0] and bar.timestamp <= after[1]))
        bars += islice(left, limit - len(bars))
        if len(bars) == limit:
            return Page(bars, _encode(bars[-1]))
    return Page(bars, None)


def _encode(bar: TradedBar) -> str:
    return base64.b64encode(f"{bar.symbol}|M|{text_of(bar.timestamp)[:-1]}.000000000Z".encode()).decode()


def _decode(token: str) -> tuple[str, int]:
    try:
        symbol, unit, moment = base64.b64decode(token, validate=True).decode().split("|")
        if unit != "M":
            raise BadToken
        return symbol, parse_ns(moment) // 10**6
    except (ValueError, binascii.Error):
        raise BadToken from None
