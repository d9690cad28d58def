"""Both sources, put together from the settings."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Any

from app.domain.source_names import Feed
from app.settings import Settings
from app.sources.alpaca.access import Access
from app.sources.alpaca.history import AlpacaHistory
from app.sources.alpaca.live import AlpacaLive
from app.sources.alpaca.rest import Api
from app.sources.alpaca.stream import Stream
from app.sources.clock import SystemClock


def open_history(
    settings: Settings, symbols: Sequence[str], first: date, last: date, feed: Feed | None, **options: Any
) -> AlpacaHistory:
    """The days `first` to `last`, both included; `options` are those of AlpacaHistory. Raises SourceError."""
    access, clock = Access.of(settings, feed), SystemClock()
    # So many tries take about two minutes, as long as a replay waits for a broker.
    api = Api(access, clock, requests_per_minute=settings.requests_per_minute, tries=11)
    return AlpacaHistory(api, clock, symbols, first, last, **options)


def open_live(settings: Settings, symbols: Sequence[str], feed: Feed | None, **options: Any) -> AlpacaLive:
    """By websocket with STREAM=1, otherwise by polling; `options` are those of AlpacaLive. Raises SourceError."""
    access, clock = Access.of(settings, feed), SystemClock()
    # Bars of the stream do not wait long for those of REST, which are asked for again anyway.
    tries, timeout_s = (3, 10.0) if settings.stream else (8, 15.0)
    api = Api(access, clock, requests_per_minute=settings.requests_per_minute, tries=tries, timeout_s=timeout_s)
    # Alpaca counts the trading API's requests apart from those for bars. Live goes on without its calendar, so it waits
    # only briefly for it.
    calendar_api = Api(access, clock, tries=2, timeout_s=5.0)
    if settings.stream:
        options["connect"] = partial(Stream, access, clock)
    return AlpacaLive(api, calendar_api, clock, symbols, settings.strategy, **options)
