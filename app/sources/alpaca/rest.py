"""Alpaca's REST interface, by way of the alpaca-trade-api client: the only file that uses that part of it."""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import Any, TypeVar
from urllib.parse import quote_plus

import requests
from alpaca_trade_api import REST
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_exponential, wait_random_exponential

from app.calendar.session import Session
from app.domain.records import MINUTE_MS
from app.sources.alpaca.access import Access
from app.sources.alpaca.bar import AlpacaBar
from app.sources.alpaca.errors import AlpacaError, Interrupted, ProtocolError, Unavailable, UnknownSymbols, rest_error
from app.sources.alpaca.parse import MarketClock, OnBad, calendar, market_clock, page, page_bars
from app.sources.alpaca.rate_limiter import RateLimiter
from app.sources.alpaca.transport import Transport
from app.sources.clock import Clock
from app.times import iso

log = logging.getLogger(__name__)

MOST_BARS = 10_000
ADJUSTMENT = "raw"
Answer = TypeVar("Answer")
# nginx and others refuse a request line above 8 KiB.
_LONGEST_SYMBOLS = 6000
_LONG_MS = 5_000
# Doubling from half a second to 30 s, minus up to a half by chance: clients that failed together come back apart.
_PAUSE = wait_exponential(multiplier=0.25, max=15) + wait_random_exponential(multiplier=0.25, max=15)


class Api:
    """Bars, sessions and the market's state, from one account's point of view; used by one thread at a time.

    Every request has a timeout and waits for its turn below `requests_per_minute` and below what X-RateLimit-* and
    Retry-After ask for. What may pass (429, 5xx, no connection, half an answer) is tried up to `tries` times, with
    growing pauses, at the page where it happened: half a minute to a minute in all with the default.
    All methods raise AlpacaError (see errors.py): Unavailable once the tries are used up, Interrupted after `close`.
    """

    def __init__(
        self,
        access: Access,
        clock: Clock,
        *,
        requests_per_minute: int = 200,
        tries: int = 8,
        timeout_s: float = 30.0,
        page_size: int = MOST_BARS,
    ) -> None:
        self.access = access
        self._clock, self._page_size = clock, page_size
        self._failure: str | None = None
        self._waiting: tuple[int, str] | None = None
        """Since when the present request has waited, and for what."""
        self._closed = threading.Event()
        self._limiter = RateLimiter(clock, requests_per_minute)
        self._ask = Retrying(
            retry=retry_if_exception_type(Unavailable),
            stop=stop_after_attempt(tries),
            wait=_PAUSE,
            sleep=self._pause,
            before_sleep=lambda state: log.info("Trying again: %s", state.outcome and state.outcome.exception()),
            reraise=True,
        ).wraps(self._ask_once)
        transport = Transport(timeout_s, self._limiter.obey)
        # The client knows one address each, and would take that of the bars from the environment only.
        self._clients = {url: _client(access, url, transport) for url in (access.data_url, access.base_url)}

    def pages(
        self, symbols: Sequence[str], start_ms: int, end_ms: int, on_bad: OnBad = lambda _: None
    ) -> Iterator[list[AlpacaBar]]:
        """The raw one-minute bars that start in [start_ms, end_ms), page by page: by symbol, then by time.

        Pages may be empty. Why a row is no bar goes to `on_bad`. Raises UnknownSymbols where Alpaca refuses some;
        others it leaves out of its answer without a word.
        """
        if end_ms <= start_ms:
            return
        for group in groups(symbols):
            for rows in self._pages(group, start_ms, end_ms):
                yield list(page_bars(rows, frozenset(group), range(start_ms, end_ms), on_bad))

    def sessions(self, first: date, last: date) -> list[Session]:
        """The regular sessions of these New York days, both included, early closes too."""
        days = {"start": first.isoformat(), "end": last.isoformat()}
        return self._ask(calendar, self.access.base_url, "/calendar", days)

    def market_clock(self) -> MarketClock:
        """Whether the exchange is open now."""
        return self._ask(market_clock, self.access.base_url, "/clock")

    @property
    def trouble(self) -> str | None:
        """Why the last request failed, or what has kept the present one for 5 s; None when all is well.

        May be called from any thread.
        """
        since_ms, reason = self._waiting or (self._clock.now_ms(), None)
        return self._failure or (reason if self._clock.now_ms() - since_ms >= _LONG_MS else None)

    @property
    def requests_last_minute(self) -> int:
        """How many were made in the last 60 seconds; may be called from any thread."""
        return self._limiter.last_minute()

    def close(self) -> None:
        """Ends waiting, from any thread, and the connections."""
        self._closed.set()
        for client in self._clients.values():
            client.close()

    def _pages(self, symbols: tuple[str, ...], start_ms: int, end_ms: int) -> Iterator[list[tuple[str, Any]]]:
        query = {
            "symbols": ",".join(symbols),
            "timeframe": "1Min",
            "start": iso(start_ms),
            # Alpaca's end is included; no bar starts between two minutes.
            "end": iso((end_ms - 1) // MINUTE_MS * MINUTE_MS),
            "limit": self._page_size,
            "feed": self.access.feed,
            "adjustment": ADJUSTMENT,
        }
        seen: set[str] = set()
        while True:
            rows, token = self._ask(page, self.access.data_url, "/stocks/bars", query, symbols)
            yield rows
            if token is None:
                return
            if token in seen:
                raise AlpacaError("Alpaca's pages go round in circles: the same page token came twice. Try again.")
            seen.add(token)
            query["page_token"] = token

    def _ask_once(
        self,
        read: Callable[[Any], Answer],
        url: str,
        path: str,
        query: dict[str, Any] | None = None,
        symbols: Sequence[str] = (),
    ) -> Answer:
        """What `read` makes of the answer; `symbols` go into the errors."""
        try:
            self._waiting = self._clock.now_ms(), "Alpaca's rate limit is used up: the next request waits."
            self._limiter.wait(self._closed)
            self._waiting = self._clock.now_ms(), f"Alpaca at {url} takes long to answer."
            answer = read(self._clients[url].get(path, query))
        except (requests.RequestException, ProtocolError) as failure:
            error = rest_error(failure, url, self.access.feed, self.access.redact, symbols)
            # The caller drops unknown symbols, or ends with a sentence that names them.
            self._failure = None if isinstance(error, UnknownSymbols) else str(error)
            raise error from None
        finally:
            self._waiting = None
        self._failure = None
        return answer

    def _pause(self, seconds: float) -> None:
        if self._clock.wait(seconds, self._closed):
            raise Interrupted


def groups(symbols: Iterable[str]) -> list[tuple[str, ...]]:
    """The symbols of each request: as many as fit into an address that every server takes, some 800."""
    found: list[list[str]] = []
    room = 0
    for symbol in symbols:
        # The comma before it is escaped.
        length = len(quote_plus(symbol)) + len("%2C")
        if length > room:
            found.append([])
            room = _LONGEST_SYMBOLS
        found[-1].append(symbol)
        room -= length
    return [tuple(group) for group in found]


def _client(access: Access, url: str, transport: Transport) -> REST:
    client = REST(access.key_id.get_secret_value(), access.secret.get_secret_value(), url, "v2", raw_data=True)
    transport.mount(client._session, url)
    return client
