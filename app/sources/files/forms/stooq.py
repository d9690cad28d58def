"""Stooq's files: a header in angle brackets, and times of a zone that the file does not name."""

from collections.abc import Sequence

from app.sources.base import SourceError
from app.sources.files.cells import Layout
from app.sources.files.column_headers import Names, find_places
from app.sources.files.file_start import FileStart
from app.sources.files.file_times import TimeReader
from app.sources.files.form import TextForm
from app.sources.files.options import FileOptions

_NAMES: Names = {
    "symbol": ("<ticker>",),
    "open": ("<open>",),
    "high": ("<high>",),
    "low": ("<low>",),
    "close": ("<close>",),
    "volume": ("<vol>",),
}


class Stooq(TextForm):
    """`<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>`, with `--tz`."""

    name = "Stooq"
    label = "stooq"

    def looks_like(self, start: FileStart) -> bool:
        """By its angle brackets."""
        header = {name.lower() for name in start.fields(0)}
        return {"<ticker>", "<date>", "<time>"} <= header

    def layouts(self, start: FileStart, options: FileOptions) -> Sequence[Layout]:
        """As the header says; the symbol is as written, `AAPL.US`."""
        if options.zone is None:
            raise SourceError(
                "Stooq's files do not say whose clocks their times are of: say it. For files as they come from its "
                "archive that is --tz Europe/Warsaw."
            )
        given = FileOptions(
            columns={"timestamp": ("<DATE>", "<TIME>"), **options.columns}, symbol=options.symbol, zone=options.zone
        )
        places = find_places(start.fields(0), given, _NAMES)
        time_at = places.pop("timestamp")
        at = {name: place for name, (place,) in places.items()}
        if options.symbol is not None:
            at.pop("symbol", None)
        return [
            Layout(
                len(start.fields(0)),
                at,
                time_at,
                TimeReader(options.zone),
                options.symbol,
                delimiter=start.delimiter,
                decimal=start.decimal,
            )
        ]
