"""Days that are over, or as much of today as there is, from Alpaca."""

from collections.abc import Iterator, Sequence
from datetime import date

from app.domain.records import Bar, Origin
from app.sources.alpaca.api import ADJUSTMENT, MOST_BARS, Api
from app.sources.alpaca.bar import AlpacaBar, BadBar, to_bar
from app.sources.alpaca.errors import Interrupted, Unavailable, UnknownSymbols
from app.sources.alpaca.spans import extended, pieces, until
from app.sources.base import Fault, OnFault, OnNotice, SourceError
from app.sources.clock import Clock
from app.sources.run_id import new_run_id
from app.sources.sessions import Session, sessions_between
from app.times import iso

# About two minutes, as long as a replay waits for a broker.
HISTORY_TRIES = 11
# So many bars are held at a time, to be sorted by minute: some 40 MB.
MOST_HELD = 100_000


class AlpacaHistory:
    """The raw one-minute bars of `first` to `last`, minute by minute, as a Source.

    Alpaca answers symbol by symbol; a span of time that fits into memory is fetched whole, sorted, and sent.
    A span is asked for again at the page where a request failed, so nothing is lost or sent twice.
    Raises SourceError when the exchange is closed on all these days or they have not begun.
    """

    name = "alpaca-history"
    origin: Origin = "replay"
    total: int | None = None

    def __init__(
        self,
        api: Api,
        clock: Clock,
        symbols: Sequence[str],
        first: date,
        last: date,
        *,
        all_hours: bool = False,
        run_id: str | None = None,
        most_held: int = MOST_HELD,
        page_limit: int = MOST_BARS,
        on_fault: OnFault = lambda _: None,
        on_notice: OnNotice = lambda _: None,
    ) -> None:
        if not symbols:
            raise SourceError("Alpaca needs at least one symbol, for example --symbols AAPL,GOOGL,SPY.")
        self.read = 0
        self.doing: str | None = None
        self._api, self._feed = api, api.access.feed
        self._symbols = list(dict.fromkeys(symbols))
        self._on_fault, self._on_notice = on_fault, on_notice
        self._most_held, self._page_limit = most_held, page_limit
        self._hours = "extended" if all_hours else "regular"
        self.run_id = run_id or new_run_id("replay", first, self._feed, ADJUSTMENT, self._hours)
        sessions = sessions_between(first, last)
        self._days = until([extended(s) for s in sessions] if all_hours else sessions, clock.now_ms())
        if not self._days:
            raise SourceError(f"The session of {sessions[0].day} has not begun yet: ask for an earlier day.")

    def __str__(self) -> str:
        symbols = ", ".join(self._symbols[:5]) + (", …" if len(self._symbols) > 5 else "")
        days = f"{self._days[0].day}" + (f" to {self._days[-1].day}" if len(self._days) > 1 else "")
        return f"{self.name}: {symbols}, {days}, {self._hours} hours, feed {self._feed}"

    @property
    def trouble(self) -> str | None:
        """Why a request is being tried again."""
        return self._api.trouble

    @property
    def requests_last_minute(self) -> int:
        """How many requests it made in the last 60 seconds."""
        return self._api.requests_last_minute

    def stop(self) -> None:
        """Ends its waiting, from another thread."""
        self._api.close()

    def bars(self) -> Iterator[Bar | None]:
        """Each bar once; None while it fetches. Raises SourceError when it cannot go on."""
        silent = set(self._symbols)
        try:
            for day in self._days:
                for piece in pieces(day, len(self._symbols), self._most_held):
                    fetched: dict[tuple[int, str], AlpacaBar] = {}
                    for page in self._pages(piece):
                        fetched.update(((bar.timestamp, bar.symbol), bar) for bar in page)
                        yield None
                    silent.difference_update(symbol for _, symbol in fetched)
                    for key in sorted(fetched):
                        yield from self._checked(fetched[key])
        except Interrupted:
            yield None
            return
        except Unavailable as error:
            again = f"To go on, run it again with RUN={self.run_id}; bars that are sent twice do no harm."
            raise SourceError(f"{error} {again}") from None
        finally:
            self.doing = None
        silent.intersection_update(self._symbols)
        if silent:
            names = ", ".join(sorted(silent))
            self._on_notice(f"Alpaca has no bars of {names} there: check the spelling, and the days.")

    def _pages(self, piece: Session) -> Iterator[list[AlpacaBar]]:
        self.doing = f"fetching the bars of {iso(piece.open_ms)} to {iso(piece.close_ms)}"
        while self._symbols:
            try:
                yield from self._api.pages(
                    self._symbols, piece.open_ms, piece.close_ms, limit=self._page_limit, on_fault=self._skip
                )
            except UnknownSymbols as unknown:
                self._on_notice(str(unknown))
                self._symbols = [symbol for symbol in self._symbols if symbol not in unknown.symbols]
            else:
                self.doing = None
                return
        raise SourceError("Alpaca knows none of the symbols: check their spelling in SYMBOLS.")

    def _skip(self, fault: Fault) -> None:
        self.read += 1
        self._on_fault(Fault(self.read, fault.message))

    def _checked(self, bar: AlpacaBar) -> Iterator[Bar]:
        self.read += 1
        try:
            yield to_bar(bar, origin=self.origin, source=self.name, feed=self._feed, run_id=self.run_id)
        except BadBar as fault:
            self._on_fault(Fault(self.read, str(fault)))
