"""Our columns, named in the first line, or whatever `--map` says: also how Alpaca's clients write their frames."""

from collections.abc import Sequence

from app.sources.files.cells import Layout
from app.sources.files.column_headers import OURS, header_layout, unused
from app.sources.files.file_start import FileStart
from app.sources.files.form import TextForm
from app.sources.files.options import FileOptions


class Own(TextForm):
    """`symbol,timestamp,open,high,low,close,volume`, and if they are there `trade_count` and `vwap`."""

    name = "columns by name"

    def looks_like(self, start: FileStart) -> bool:
        """Whatever no other form is: then it says which columns are missing."""
        return bool(start.encoding)

    def layouts(self, start: FileStart, options: FileOptions) -> Sequence[Layout]:
        """As the header says."""
        return [header_layout(start, options, OURS)]

    def ignored(self, start: FileStart, options: FileOptions) -> list[str]:
        """All other columns."""
        return unused(start.fields(0), header_layout(start, options, OURS))
