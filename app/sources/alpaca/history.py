"""Days that are over, or as much of today as there is, from Alpaca."""

from collections.abc import Iterator, Sequence
from datetime import date

from app.calendar.session import Session
from app.domain.records import MINUTE_MS, Bar, Origin
from app.sources.alpaca.alpaca_source import AlpacaSource
from app.sources.alpaca.errors import Interrupted, Unavailable
from app.sources.alpaca.rest import ADJUSTMENT, Api
from app.sources.base import OnFault, OnNotice, SourceError
from app.sources.clock import Clock
from app.sources.run_id import new_run_id
from app.sources.trading_sessions import sessions_between
from app.times import iso

# So many bars are held at a time, to be sorted by minute: some 40 MB.
MOST_HELD = 100_000


class AlpacaHistory(AlpacaSource):
    """The raw one-minute bars of `first` to `last`, minute by minute, as a Source.

    Alpaca answers symbol by symbol; a span of time that fits into memory is fetched whole, sorted, and sent.
    A span is asked for again at the page where a request failed, so nothing is lost or sent twice.
    Raises SourceError when the exchange is closed on all these days or they have not begun.
    """

    name = "alpaca-history"
    origin: Origin = "replay"

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
        on_fault: OnFault = lambda _: None,
        on_notice: OnNotice = lambda _: None,
    ) -> None:
        self._hours = "extended" if all_hours else "regular"
        run_id = run_id or new_run_id("replay", first, api.access.feed, ADJUSTMENT, self._hours)
        super().__init__(api, symbols, run_id=run_id, on_fault=on_fault, on_notice=on_notice)
        self._most_held = most_held
        sessions = sessions_between(first, last)
        days = [session.extended() for session in sessions] if all_hours else sessions
        now = clock.now_ms() // MINUTE_MS * MINUTE_MS
        self._days = [Session(day.open_ms, min(day.close_ms, now)) for day in days if day.open_ms < now]
        if not self._days:
            raise SourceError(f"The session of {sessions[0].day} has not begun yet: ask for an earlier day.")

    def __str__(self) -> str:
        symbols = ", ".join(self.symbols[:5]) + (", …" if len(self.symbols) > 5 else "")
        days = f"{self._days[0].day}" + (f" to {self._days[-1].day}" if len(self._days) > 1 else "")
        return f"{self.name}: {symbols}, {days}, {self._hours} hours, feed {self._api.access.feed}"

    def bars(self) -> Iterator[Bar | None]:
        """Each bar once; None while it fetches. Raises SourceError when it cannot go on."""
        silent = set(self.symbols)
        try:
            for start_ms, end_ms in self._spans():
                self.doing = f"fetching the bars of {iso(start_ms)} to {iso(end_ms)}"
                bars = self.fetch(start_ms, end_ms)
                self.doing = None
                yield None
                silent.difference_update(bar.symbol for bar in bars)
                for bar in bars:
                    yield from self._records(bar, self.origin)
        except Interrupted:
            yield None
            return
        except Unavailable as error:
            again = f"To go on, run it again with RUN={self.run_id}; bars that are sent twice do no harm."
            raise SourceError(f"{error} {again}") from None
        finally:
            self.doing = None
        if silent := silent.intersection(self.symbols):
            names = ", ".join(sorted(silent))
            self._on_notice(f"Alpaca has no bars of {names} there: check the spelling, and the days.")

    def _spans(self) -> Iterator[tuple[int, int]]:
        """Parts of the days, each with at most as many bars as may be held, but a minute long at least."""
        step_ms = max(1, self._most_held // len(self.symbols)) * MINUTE_MS
        for day in self._days:
            for start_ms in range(day.open_ms, day.close_ms, step_ms):
                yield start_ms, min(start_ms + step_ms, day.close_ms)
