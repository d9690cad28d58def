"""Makes up bars for demonstrations, tests and benchmarks; each says so in its `origin`."""

import datetime
from collections.abc import Iterator, Sequence

import numpy as np

from app.calendar.session import Session
from app.domain.records import MINUTE_MS, Bar, Origin
from app.domain.source_names import Profile
from app.sources.base import NeverWaits, SourceError
from app.sources.paths import Floats, first_price, generator, overnight, session_path
from app.sources.run_id import new_run_id
from app.sources.trading_sessions import sessions_from

_EPOCH = datetime.date(1970, 1, 1)


class Synthetic(NeverWaits):
    """Regular sessions of made-up bars, all symbols of a minute and then the next minute, as a Source.

    There are `sessions` of them from `day` on, or as many as it takes for
    `bars_each` bars a symbol. The same seed, symbol, first day and profile give
    the same bars, whatever the other symbols and however many.
    Raises SourceError when the exchange is closed on that day.
    """

    origin: Origin = "synthetic"

    def __init__(
        self,
        symbols: Sequence[str],
        day: datetime.date,
        *,
        seed: int = 0,
        profile: Profile = "trend-and-pullback",
        sessions: int = 1,
        bars_each: int | None = None,
        run_id: str | None = None,
    ) -> None:
        if not symbols:
            raise SourceError("Synthetic bars need at least one symbol, for example --symbols AAPL,GOOGL,SPY.")
        if len(set(symbols)) < len(symbols):
            raise SourceError("A symbol is named twice in --symbols.")
        self.name = f"synthetic:{profile}"
        self.run_id = run_id or new_run_id("synthetic", day)
        self.read = 0
        self._symbols, self._seed, self._profile = tuple(symbols), seed, profile
        # A session has 390 minutes, a few a year have 210 only.
        self._sessions = sessions_from(day, sessions if bars_each is None else bars_each // 370 + 4)
        self._bars_each = sum(session.minutes for session in self._sessions) if bars_each is None else bars_each
        self.total = self._bars_each * len(self._symbols)

    def __str__(self) -> str:
        days = f"{self._sessions[0].day}"
        if len(self._sessions) > 1:
            days += f" to {self._sessions[-1].day}"
        symbols = ", ".join(self._symbols[:5]) + (", …" if len(self._symbols) > 5 else "")
        return (
            f"synthetic, made-up bars and no market data: {self.total:,} of {symbols}, {days}, "
            f"profile {self._profile}, seed {self._seed}"
        )

    def bars(self) -> Iterator[Bar]:
        """Each bar once."""
        self.read = 0
        left = self._bars_each
        closes: Floats | None = None
        for session in self._sessions:
            kept = min(left, session.minutes)
            if not kept:
                return
            table, closes = self._session(session, closes, kept)
            for minute in range(kept):
                yield from self._minute(session.open_ms + minute * MINUTE_MS, table[:, minute, :])
            left -= kept

    def _session(self, session: Session, closes: Floats | None, kept: int) -> tuple[Floats, Floats]:
        """The session's first `kept` minutes (path fields x minutes x symbols), and each symbol's last close."""
        table = np.empty((7, kept, len(self._symbols)))
        last = np.empty(len(self._symbols))
        day = (session.day - _EPOCH).days
        for at, symbol in enumerate(self._symbols):
            rng = generator(self._seed, symbol, day, self._profile)
            price = first_price(rng) if closes is None else overnight(rng, float(closes[at]))
            # The whole session even when few minutes are kept: so a longer series begins with the same bars.
            path = session_path(rng, self._profile, session.minutes, price)
            last[at] = path.close[-1]
            for row, values in enumerate(path):
                table[row, :, at] = values[:kept]
        return table, last

    def _minute(self, timestamp: int, values: Floats) -> Iterator[Bar]:
        for symbol, open_, high, low, close, volume, trade_count, vwap in zip(
            self._symbols, *values.tolist(), strict=True
        ):
            self.read += 1
            yield {
                "symbol": symbol,
                "timestamp": timestamp,
                "open": open_,
                "high": high,
                "low": low,
                "close": close,
                "volume": volume,
                "trade_count": int(trade_count),
                "vwap": vwap,
                "run_id": self.run_id,
                "origin": self.origin,
                "source": self.name,
                "feed": "",
                "adjustment": "",
            }
