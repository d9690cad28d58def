"""Both sources, put together from the settings."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Any, TypedDict

from app.settings import Settings
from app.sources.alpaca.access import Access
from app.sources.alpaca.history import AlpacaHistory
from app.sources.alpaca.live import AlpacaLive
from app.sources.alpaca.rest import Api
from app.sources.alpaca.stream import Stream
from app.sources.clock import SystemClock
from app.sources.names import Feed


class _Limits(TypedDict):
    tries: int
    timeout_s: float


# About two minutes, as long as a replay waits for a broker.
_HISTORY_TRIES = 11
# Live goes on without Alpaca's calendar, so it waits only briefly for it.
_CALENDAR = _Limits(tries=2, timeout_s=5.0)
_POLLING = _Limits(tries=8, timeout_s=15.0)
# Bars of the stream do not wait long for those of REST, which are asked for again anyway.
_STREAMING = _Limits(tries=3, timeout_s=10.0)


def open_history(
    settings: Settings, symbols: Sequence[str], first: date, last: date, feed: Feed | None, **options: Any
) -> AlpacaHistory:
    """The days `first` to `last`, both included; `options` are those of AlpacaHistory. Raises SourceError."""
    access, clock = Access.of(settings, feed), SystemClock()
    api = Api(access, clock, requests_per_minute=settings.requests_per_minute, tries=_HISTORY_TRIES)
    return AlpacaHistory(api, clock, symbols, first, last, **options)


def open_live(settings: Settings, symbols: Sequence[str], feed: Feed | None, **options: Any) -> AlpacaLive:
    """By websocket with STREAM=1, otherwise by polling; `options` are those of AlpacaLive. Raises SourceError."""
    access, clock = Access.of(settings, feed), SystemClock()
    limits = _STREAMING if settings.stream else _POLLING
    api = Api(access, clock, requests_per_minute=settings.requests_per_minute, **limits)
    # Alpaca counts the trading API's requests apart from those for bars.
    calendar_api = Api(access, clock, **_CALENDAR)
    if settings.stream:
        options["connect"] = partial(Stream, access, clock)
    return AlpacaLive(api, calendar_api, clock, symbols, settings.strategy, **options)
