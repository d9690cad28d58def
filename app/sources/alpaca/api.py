"""Alpaca's REST interface, by way of the alpaca-trade-api client: the only file that knows it."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from app.sources.alpaca.access import Access
from app.sources.alpaca.bar import AlpacaBar
from app.sources.base import OnFault
from app.sources.clock import Clock
from app.sources.sessions import Session

MOST_BARS = 10_000


class MarketClock(NamedTuple):
    """What Alpaca says of the market; times are UTC milliseconds since 1970."""

    now_ms: int
    is_open: bool
    next_open_ms: int
    next_close_ms: int


class Api:
    """Bars, sessions and the market's state, from one account's point of view; used by one thread at a time.

    Every request has a timeout and waits for its turn below `requests_per_minute` and
    below what X-RateLimit-* and Retry-After ask for. What may pass (429, 5xx, no connection, half an answer) is tried
    up to `tries` times, with growing pauses, at the very page where it happened.
    All methods raise AlpacaError (see errors.py): Unavailable once the tries are used up, Interrupted after `close`.
    """

    def __init__(
        self, access: Access, clock: Clock, *, requests_per_minute: int = 200, tries: int = 8, timeout_s: float = 30.0
    ) -> None:
        self.access = access
        self.requests_made = 0
        self.trouble: str | None = None
        """Why a request is being tried again, as a sentence; None as soon as one succeeds."""
        self._clock, self._tries = clock, tries
        self._closed = threading.Event()

    def pages(
        self,
        symbols: Sequence[str],
        start_ms: int,
        end_ms: int,
        *,
        limit: int = MOST_BARS,
        on_fault: OnFault = lambda _: None,
    ) -> Iterator[list[AlpacaBar]]:
        """The raw one-minute bars that start in [start_ms, end_ms), at most `limit` a page: symbol by symbol, in time.

        Pages may be empty. What is no bar goes to `on_fault`. Raises UnknownSymbols where Alpaca refuses some by name;
        it leaves others out of its answer without a word.
        """
        raise NotImplementedError

    def sessions(self, first: date, last: date) -> list[Session]:
        """The regular sessions of these New York days, both included, early closes too."""
        raise NotImplementedError

    def market_clock(self) -> MarketClock:
        """Whether the exchange is open now."""
        raise NotImplementedError

    def close(self) -> None:
        """Ends waiting, from any thread, and the connections."""
        self._closed.set()


def groups(symbols: Iterable[str]) -> list[tuple[str, ...]]:
    """The symbols of each request: as many as fit into an address that every server takes."""
    raise NotImplementedError
