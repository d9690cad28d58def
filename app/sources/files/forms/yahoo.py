"""Yahoo's bars of one symbol, as yfinance's `Ticker.history(...).to_csv()` writes them."""

from collections.abc import Sequence

from app.sources.files.cells import Layout
from app.sources.files.column_headers import Names, has_columns, header_layout, unused
from app.sources.files.file_start import FileStart
from app.sources.files.form import TextForm
from app.sources.files.options import FileOptions

NAMES: Names = {
    "symbol": ("symbol", "ticker"),
    "timestamp": ("datetime", "date"),
    "open": ("open",),
    "high": ("high",),
    "low": ("low",),
    "close": ("close",),
    "volume": ("volume",),
}
#: What nobody else writes; one of these is enough.
_TELLING = {"adj close", "dividends", "stock splits"}


class Yahoo(TextForm):
    """`Datetime,Open,High,Low,Close,Volume,Dividends,Stock Splits`, with `--symbol`."""

    name = "Yahoo CSV (yfinance)"
    label = "yahoo"

    def looks_like(self, start: FileStart) -> bool:
        """By its names: `Datetime`, or the columns of dividends and adjusted closes."""
        header = {name.lower() for name in start.fields(0)}
        known = has_columns(start.fields(0), {name: NAMES[name] for name in NAMES if name != "symbol"})
        # Yahoo has no column of its own for the time of day.
        return known and "time" not in header and ("datetime" in header or bool(header & _TELLING))

    def layouts(self, start: FileStart, options: FileOptions) -> Sequence[Layout]:
        """As the header says."""
        return [header_layout(start, options, NAMES)]

    def ignored(self, start: FileStart, options: FileOptions) -> list[str]:
        """All other columns."""
        return unused(start.fields(0), header_layout(start, options, NAMES))
