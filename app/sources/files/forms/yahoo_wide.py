"""Yahoo's bars of one or several symbols side by side, as yfinance's `download(...).to_csv()` writes them."""

from collections.abc import Sequence

from app.sources.base import SourceError
from app.sources.files.bar_rows import symbol_fault
from app.sources.files.cells import NUMBERS, Layout
from app.sources.files.file_start import FileStart
from app.sources.files.file_times import TimeReader
from app.sources.files.form import TextForm
from app.sources.files.options import FileOptions

_INDEX = {"datetime", "date"}


class YahooWide(TextForm):
    """Three lines of header: `Price,Close,Close,…`, `Ticker,AAPL,MSFT,…`, `Datetime,,,…`.

    Grouped by ticker, the first two are swapped.
    """

    name = "Yahoo CSV with the wide header (yfinance)"
    label = "yahoo"
    skipped = 3

    def looks_like(self, start: FileStart) -> bool:
        """By the third line, which names the index and nothing else, and prices in one of the two above."""
        index = start.fields(2)
        return bool(index) and index[0].lower() in _INDEX and not any(index[1:]) and bool(self._header(start))

    def layouts(self, start: FileStart, options: FileOptions) -> Sequence[Layout]:
        """One for each symbol."""
        header = self._header(start)
        if header is None:
            raise SourceError("The three lines of the header do not fit. Fetch the file again.")
        prices, tickers = header
        symbols = list(dict.fromkeys(ticker for ticker in tickers[1:] if ticker))
        if options.symbol is not None and len(symbols) > 1:
            raise SourceError(f"The file has {len(symbols)} symbols: for one of them --symbols, not --symbol.")
        found = []
        for symbol in symbols:
            if fault := symbol_fault(symbol):
                raise SourceError(f"The header names no symbols: {fault}. Fetch the file again.")
            at = {price: place for place, price in enumerate(prices) if place and tickers[place] == symbol}
            if missing := [name for name in NUMBERS if name not in at]:
                raise SourceError(f"The header names no {', '.join(missing)} of {symbol}. Fetch the file again.")
            found.append(
                Layout(
                    width=len(start.fields(2)),
                    at={name: at[name] for name in NUMBERS},
                    time_at=(0,),
                    times=TimeReader(options.zone),
                    symbol=options.symbol or symbol,
                    delimiter=start.delimiter,
                    decimal=start.decimal,
                    sparse=len(symbols) > 1,
                )
            )
        return found

    def _header(self, start: FileStart) -> tuple[list[str], list[str]] | None:
        """The line of prices, in lower case, and that of tickers."""
        first, second = start.fields(0), start.fields(1)
        if len(first) != len(second) or len(first) != len(start.fields(2)):
            return None
        for prices, tickers in ((first, second), (second, first)):
            names = [name.lower() for name in prices]
            if set(NUMBERS) <= set(names[1:]) and any(tickers[1:]):
                return names, tickers
        return None
