"""What both sources of Alpaca's bars share: their symbols, whole spans of bars, and their records, numbered."""

from collections.abc import Collection, Iterator, Sequence
from operator import attrgetter

from app.domain.records import Bar, Origin
from app.sources.alpaca.bar import AlpacaBar, BadBar, to_bar
from app.sources.alpaca.errors import UnknownSymbols
from app.sources.alpaca.rest import Api
from app.sources.base import Fault, OnFault, OnNotice, SourceError

_BY_TIME = attrgetter("timestamp", "symbol")
_MOST_REMEMBERED = 10_000


class AlpacaSource:
    """The part of a Source that does not depend on when its bars come. Raises SourceError if there is no symbol.

    Symbols that Alpaca does not know are named once, and left out of `symbols`.
    """

    name: str
    origin: Origin
    total: int | None = None

    def __init__(
        self, api: Api, symbols: Sequence[str], *, run_id: str, on_fault: OnFault, on_notice: OnNotice
    ) -> None:
        if not symbols:
            raise SourceError("Alpaca needs at least one symbol, for example --symbols AAPL,GOOGL,SPY.")
        self.symbols = list(dict.fromkeys(symbols))
        self.run_id = run_id
        self.read = 0
        self.doing: str | None = None
        self._api, self._on_fault, self._on_notice = api, on_fault, on_notice
        self._apis = [api]
        self._reported: set[str] = set()

    @property
    def trouble(self) -> str | None:
        """Why a request is being tried again."""
        return self._api.trouble

    @property
    def requests_last_minute(self) -> int:
        """How many requests it made in the last 60 seconds."""
        return sum(api.requests_last_minute for api in self._apis)

    def stop(self) -> None:
        """Ends its waiting, from another thread."""
        for api in self._apis:
            api.close()

    def fetch(self, start_ms: int, end_ms: int, symbols: Collection[str] | None = None) -> list[AlpacaBar]:
        """The bars that start in [start_ms, end_ms), all of them, by time and symbol; of these symbols, or of all.

        Of a bar that comes more than once, as at the seam of two pages, the last counts. Why a row is no bar is
        reported once, however often it is fetched.
        Raises AlpacaError when one page could not be had, SourceError when Alpaca knows none of the symbols.
        """
        only = set(self.symbols if symbols is None else symbols)
        asked = [symbol for symbol in self.symbols if symbol in only]
        return sorted({_BY_TIME(bar): bar for bar in self._fetch(asked, start_ms, end_ms)}.values(), key=_BY_TIME)

    def _fetch(self, symbols: Sequence[str], start_ms: int, end_ms: int) -> list[AlpacaBar]:
        while True:
            try:
                return [bar for page in self._api.pages(symbols, start_ms, end_ms, self._report) for bar in page]
            except UnknownSymbols as error:
                middle = len(symbols) // 2
                if middle and not error.symbols:
                    # Alpaca does not say which; of a single one it is clear.
                    halves = symbols[:middle], symbols[middle:]
                    return [bar for half in halves for bar in self._fetch(half, start_ms, end_ms)]
                self._drop(error)
                symbols = [symbol for symbol in symbols if symbol not in error.symbols]

    def _drop(self, error: UnknownSymbols) -> None:
        known = [symbol for symbol in self.symbols if symbol not in error.symbols]
        if len(known) == len(self.symbols):
            raise error
        if not known:
            raise SourceError(str(error))
        self.symbols = known
        self._on_notice(f"{error} The others go on.")

    def _report(self, reason: str) -> None:
        if reason not in self._reported and len(self._reported) < _MOST_REMEMBERED:
            self._reported.add(reason)
            self._skip(reason)

    def _records(self, bar: AlpacaBar, origin: Origin) -> Iterator[Bar]:
        """The record of a bar; none of a bar that is not sound, which is reported."""
        try:
            record = to_bar(bar, origin=origin, source=self.name, feed=self._api.access.feed, run_id=self.run_id)
        except BadBar as error:
            self._skip(str(error))
        else:
            self.read += 1
            yield record

    def _skip(self, reason: str) -> None:
        """Reports the next one, which is no bar."""
        self.read += 1
        self._on_fault(Fault(self.read, reason))
