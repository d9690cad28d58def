"""Lean's minute files of trades: no header, milliseconds of the day in New York, prices times 10,000.

Symbol and day are in the path.
"""

import datetime
import re
import zoneinfo
from collections.abc import Sequence

from app.sources.base import SourceError
from app.sources.files.cells import Layout
from app.sources.files.file_start import FileStart
from app.sources.files.file_times import ClockOfDay
from app.sources.files.form import TextForm
from app.sources.files.options import NEW_YORK, FileOptions

_WIDTH = 6
_PRICE_SCALE = 10_000.0
_FOLDER = re.compile(r"/equity/usa/minute/([^/]+)/(\d{8})_(trade|quote)\.(?:zip|csv)(?:/|$)", re.IGNORECASE)
_MEMBER = re.compile(r"(?:^|/)(\d{8})_([^/]+)_minute_(trade|quote)\.csv$", re.IGNORECASE)


class Lean(TextForm):
    """`34200000,2250200,2254000,2249000,2253100,182345` in `…/equity/usa/minute/aapl/20241114_trade.zip`."""

    name = "Lean minute file"
    label = "lean"
    skipped = 0

    def looks_like(self, start: FileStart) -> bool:
        """By its path, or the name inside the zip file."""
        return _place(start) is not None

    def layouts(self, start: FileStart, options: FileOptions) -> Sequence[Layout]:
        """Always the same; symbol and day are in the path."""
        place = _place(start)
        if place is None:
            raise SourceError("The path does not name the day: it must end in usa/minute/aapl/20241114_trade.zip.")
        symbol, text, kind = place
        if kind == "quote":
            raise SourceError("Lean's quotes are no bars of trades: give the file that ends in _trade.zip.")
        try:
            day = datetime.datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007
        except ValueError:
            raise SourceError(f"The path names no day: {text} must be year, month and day.") from None
        at = {"open": 1, "high": 2, "low": 3, "close": 4, "volume": 5}
        zone = options.zone or zoneinfo.ZoneInfo(NEW_YORK)
        times = ClockOfDay(zone, day)
        return [Layout(_WIDTH, at, (0,), times, options.symbol or symbol.upper(), scale=_PRICE_SCALE)]


def _place(start: FileStart) -> tuple[str, str, str] | None:
    """Symbol, day and kind."""
    path = str(start.input).replace("\\", "/")
    if found := _FOLDER.search("/" + path):
        return found[1], found[2], found[3].lower()
    if found := _MEMBER.search(path):
        return found[2], found[1], found[3].lower()
    return None
