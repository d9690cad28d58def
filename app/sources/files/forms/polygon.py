"""Polygon's flat files of minute aggregates, one a day, times in nanoseconds."""

from collections.abc import Sequence

from app.sources.files.cells import Layout
from app.sources.files.column_headers import Names, has_columns, header_layout
from app.sources.files.file_start import FileStart
from app.sources.files.form import TextForm
from app.sources.files.options import FileOptions

NAMES: Names = {
    "symbol": ("ticker",),
    "timestamp": ("window_start",),
    "open": ("open",),
    "high": ("high",),
    "low": ("low",),
    "close": ("close",),
    "volume": ("volume",),
    "trade_count": ("transactions",),
}


class Polygon(TextForm):
    """`ticker,volume,open,close,high,low,window_start,transactions`."""

    name = "Polygon flat file"
    label = "polygon"

    def looks_like(self, start: FileStart) -> bool:
        """By its names."""
        return has_columns(start.fields(0), NAMES)

    def layouts(self, start: FileStart, options: FileOptions) -> Sequence[Layout]:
        """As the header says."""
        return [header_layout(start, options, NAMES)]
