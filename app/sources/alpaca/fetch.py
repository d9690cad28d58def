"""Whole spans of bars, by REST."""

from collections.abc import Sequence
from operator import attrgetter

from app.sources.alpaca.bar import AlpacaBar
from app.sources.alpaca.errors import UnknownSymbols
from app.sources.alpaca.parse import OnBad
from app.sources.alpaca.rest import Api
from app.sources.base import OnNotice, SourceError

_BY_TIME = attrgetter("timestamp", "symbol")
_MOST_REMEMBERED = 10_000


class Fetch:
    """Fetches all bars of a span. Symbols that Alpaca does not know are named once, and left out of `symbols`.

    Why a row is no bar goes to `on_bad` once, however often it is fetched. Raises SourceError if there is no symbol.
    """

    def __init__(self, api: Api, symbols: Sequence[str], on_bad: OnBad, on_notice: OnNotice) -> None:
        if not symbols:
            raise SourceError("Alpaca needs at least one symbol, for example --symbols AAPL,GOOGL,SPY.")
        self.symbols = list(dict.fromkeys(symbols))
        self._api, self._on_bad, self._on_notice = api, on_bad, on_notice
        self._reported: set[str] = set()

    def __call__(self, start_ms: int, end_ms: int, symbols: Sequence[str] | None = None) -> list[AlpacaBar]:
        """The bars that start in [start_ms, end_ms), all of them, by time and symbol; of these symbols, or of all.

        Of a bar that comes more than once, as at the seam of two pages, the last counts.
        Raises AlpacaError when one page could not be had, SourceError when Alpaca knows none of the symbols.
        """
        only = None if symbols is None else frozenset(symbols)
        while True:
            asked = [symbol for symbol in self.symbols if only is None or symbol in only]
            try:
                pages = self._api.pages(asked, start_ms, end_ms, self._report)
                return sorted({_BY_TIME(bar): bar for page in pages for bar in page}.values(), key=_BY_TIME)
            except UnknownSymbols as error:
                self._drop(error)

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
            self._on_bad(reason)
