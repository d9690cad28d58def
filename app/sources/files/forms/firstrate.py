"""FirstRate Data's files: no header, New York's time, the symbol in the file's name."""

import re
import zoneinfo
from collections.abc import Sequence

from app.sources.base import SourceError
from app.sources.files.cells import Layout
from app.sources.files.file_start import FileStart
from app.sources.files.file_times import TimeReader
from app.sources.files.form import TextForm
from app.sources.files.options import NEW_YORK, FileOptions, no_symbol

_WIDTH = 6
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?")
# AAPL_1min.txt, AAPL_full_1min_adjsplitdiv.txt, BRK.B_1min_sample.csv
_NAME = re.compile(r"([A-Za-z0-9.-]+)_(?:[a-z]+_)*\d+(?:min|hour|day)(?:_[A-Za-z_]+)?\.(?:txt|csv)")


class FirstRate(TextForm):
    """`2024-11-14 09:30:00,225.02,225.40,224.90,225.31,182345` in `AAPL_1min.txt`."""

    name = "FirstRate Data"
    label = "firstrate"
    skipped = 0

    def looks_like(self, start: FileStart) -> bool:
        """By a first line that is a bar: a time without a zone, and numbers."""
        fields = start.fields(0)
        return len(fields) == _WIDTH and bool(_TIME.fullmatch(fields[0])) and all(map(_is_number, fields[1:]))

    def layouts(self, start: FileStart, options: FileOptions) -> Sequence[Layout]:
        """Always the same. A file of another name may be someone else's: then zone and symbol must be said."""
        named = _NAME.fullmatch(start.input.name)
        symbol = options.symbol or (named[1] if named else None)
        if symbol is None:
            raise no_symbol("There is no header, and the file's name, which is not as FirstRate Data's AAPL_1min.txt,")
        if options.zone is None and not named:
            raise SourceError(
                "There is no header, and the file's name is not as FirstRate Data's AAPL_1min.txt, whose times are New "
                f"York's: say whose clocks its times are of, for example --tz {NEW_YORK}."
            )
        at = {"open": 1, "high": 2, "low": 3, "close": 4, "volume": 5}
        times = TimeReader(options.zone or zoneinfo.ZoneInfo(NEW_YORK))
        return [Layout(_WIDTH, at, (0,), times, symbol, delimiter=start.delimiter, decimal=start.decimal)]


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True
