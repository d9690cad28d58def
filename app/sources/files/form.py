"""The interface of a form of files; each form is a small adapter in `forms/`."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from app.sources.base import OnFault
from app.sources.files.bar_rows import BarRows
from app.sources.files.cells import Layout
from app.sources.files.delimited import read_delimited
from app.sources.files.file_start import FileStart
from app.sources.files.file_times import ClockOfDay
from app.sources.files.options import FileOptions


class Form(Protocol):
    """A form of files, named after the program or vendor that writes it."""

    #: For people, for example `Polygon flat file`.
    name: str
    #: At the beginning of `Bar.source`, for example `csv`.
    label: str
    #: What `Fault.line` counts.
    unit: str

    def looks_like(self, start: FileStart) -> bool:
        """Whether a file that begins so has this form."""

    def zone(self, start: FileStart, options: FileOptions) -> str:
        """The time zone of its times, in words."""

    def ignored(self, start: FileStart, options: FileOptions) -> list[str]:
        """The columns that are not read."""

    def rows(self, start: FileStart, options: FileOptions, on_fault: OnFault) -> Iterator[BarRows]:
        """The rows of the whole file. Raises SourceError when it cannot be read, or something must be said first."""


class TextForm:
    """A form of lines with separated values: it says where the values stand, and the rest is the same for all."""

    name: str
    label: str = "csv"
    unit: str = "Line"
    #: Lines before the first bar.
    skipped: int = 1

    def layouts(self, start: FileStart, options: FileOptions) -> Sequence[Layout]:
        """Where each bar's values stand in a line. Raises SourceError."""
        raise NotImplementedError

    def zone(self, start: FileStart, options: FileOptions) -> str:
        """As in `Form`."""
        layout = self.layouts(start, options)[0]
        zone = layout.times.zone
        if isinstance(layout.times, ClockOfDay):
            return f"{zone}, by the form"
        fields = start.fields(self.skipped)
        text = " ".join(fields[place] for place in layout.time_at) if len(fields) == layout.width else ""
        if text.isdigit():
            return "none needed: times count from 1970, UTC"
        if layout.times.is_zoned(text):
            return "each time names its own"
        if zone is None:
            return "times name none"
        return f"{zone}, as --tz says" if options.zone else f"{zone}, by the form"

    def ignored(self, start: FileStart, options: FileOptions) -> list[str]:
        """As in `Form`."""
        return []

    def rows(self, start: FileStart, options: FileOptions, on_fault: OnFault) -> Iterator[BarRows]:
        """As in `Form`."""
        layouts = self.layouts(start, options)
        with start.input.open() as binary:
            yield from read_delimited(binary, layouts, skipped=self.skipped, on_fault=on_fault, size=options.block)
