"""Both sources, put together from the settings."""

import datetime
from collections.abc import Callable, Sequence

from app.settings import Settings
from app.sources.alpaca.access import Access
from app.sources.alpaca.history import AlpacaHistory
from app.sources.alpaca.live import AlpacaLive
from app.sources.alpaca.rest import Api
from app.sources.alpaca.stream import Stream
from app.sources.base import OnFault, OnNotice
from app.sources.clock import SystemClock
from app.sources.names import Feed

# About two minutes, as long as a replay waits for a broker.
_HISTORY_TRIES = 11
# Live goes on without Alpaca's calendar: it is not waited for for long.
_CALENDAR_TRIES, _CALENDAR_TIMEOUT_S = 2, 5.0
_POLLING_TRIES, _POLLING_TIMEOUT_S = 8, 15.0
# Bars of the stream are not kept waiting for those of REST, which are asked for again anyway.
_STREAMING_TRIES, _STREAMING_TIMEOUT_S = 3, 10.0


def open_history(
    settings: Settings,
    symbols: Sequence[str],
    first: datetime.date,
    last: datetime.date,
    *,
    feed: Feed | None,
    all_hours: bool,
    run_id: str | None,
    on_fault: OnFault,
    on_notice: OnNotice,
) -> AlpacaHistory:
    """The days `first` to `last`, both included. Raises SourceError."""
    access, clock = Access.of(settings, feed), SystemClock()
    return AlpacaHistory(
        Api(access, clock, requests_per_minute=settings.requests_per_minute, tries=_HISTORY_TRIES),
        clock,
        symbols,
        first,
        last,
        all_hours=all_hours,
        run_id=run_id,
        on_fault=on_fault,
        on_notice=on_notice,
    )


def open_live(
    settings: Settings,
    symbols: Sequence[str],
    *,
    feed: Feed | None,
    run_id: str | None,
    on_fault: OnFault,
    on_notice: OnNotice,
) -> AlpacaLive:
    """By websocket with STREAM=1, otherwise by polling. Raises SourceError."""
    access, clock = Access.of(settings, feed), SystemClock()

    def connect(known: Sequence[str], is_open: Callable[[], bool], report: OnFault) -> Stream:
        return Stream(access, known, clock, is_open, on_fault=report)

    return AlpacaLive(
        Api(
            access,
            clock,
            requests_per_minute=settings.requests_per_minute,
            tries=_STREAMING_TRIES if settings.stream else _POLLING_TRIES,
            timeout_s=_STREAMING_TIMEOUT_S if settings.stream else _POLLING_TIMEOUT_S,
        ),
        # Alpaca counts the trading API's requests apart from those for bars.
        Api(access, clock, tries=_CALENDAR_TRIES, timeout_s=_CALENDAR_TIMEOUT_S),
        clock,
        symbols,
        settings.strategy,
        connect=connect if settings.stream else None,
        run_id=run_id,
        on_fault=on_fault,
        on_notice=on_notice,
    )
