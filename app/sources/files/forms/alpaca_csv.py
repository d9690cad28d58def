"""Alpaca's bars with the letters of its JSON for names, as a table of its answers is written."""

from collections.abc import Sequence

from app.sources.files.cells import Layout
from app.sources.files.column_headers import Names, has_columns, header_layout, unused
from app.sources.files.file_start import FileStart
from app.sources.files.form import TextForm
from app.sources.files.options import FileOptions

#: Of the JSON of bars, and of the stream's messages.
LETTERS: Names = {
    "symbol": ("s", "symbol"),
    "timestamp": ("t",),
    "open": ("o",),
    "high": ("h",),
    "low": ("l",),
    "close": ("c",),
    "volume": ("v",),
    "trade_count": ("n",),
    "vwap": ("vw",),
}


class AlpacaCsv(TextForm):
    """`t,o,h,l,c,v,n,vw`, with `S` or `symbol`, or with `--symbol`."""

    name = "Alpaca CSV"
    label = "alpaca"

    def looks_like(self, start: FileStart) -> bool:
        """By its letters."""
        return has_columns(start.fields(0), {name: LETTERS[name] for name in LETTERS if name != "symbol"})

    def layouts(self, start: FileStart, options: FileOptions) -> Sequence[Layout]:
        """As the header says."""
        return [header_layout(start, options, LETTERS)]

    def ignored(self, start: FileStart, options: FileOptions) -> list[str]:
        """All other columns."""
        return unused(start.fields(0), header_layout(start, options, LETTERS))
