"""One file of a replay: its form, and its rows as a stream that can be read again."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.sources.base import Fault, OnFault, SourceError
from app.sources.files.bar_rows import BarRows
from app.sources.files.detect import find_form
from app.sources.files.file_start import FileStart, read_start
from app.sources.files.inputs import Input
from app.sources.files.options import FileOptions


class BarFile:
    """A file whose form is known. Raises SourceError when it has none, or when it needs an option more."""

    def __init__(self, number: int, source: Input, options: FileOptions, *, alone: bool) -> None:
        self.input = source
        self._number, self._options, self._alone = number, options, alone
        self._start: FileStart = read_start(source)
        with self._named():
            self.form = find_form(self._start)
        self._first_ms: int | None = None

    @property
    def label(self) -> str:
        """Goes into `Bar.source`, for example `csv:bars.csv`."""
        return f"{self.form.label}:{self.input.label}"

    @property
    def shape(self) -> str:
        """For people: the form, and how the text is written."""
        start = self._start
        if not start.encoding:
            return self.form.name
        sign = {",": "commas", ";": "semicolons", "\t": "tabs"}[start.delimiter]
        is_list = "JSON" in self.form.name
        comma = ", decimal comma" if start.decimal == "," and not is_list else ""
        return f"{self.form.name}, {start.encoding}" + ("" if is_list else f", {sign}{comma}")

    @property
    def zone(self) -> str:
        """The time zone of the file's times, in words."""
        with self._named():
            return self.form.zone(self._start, self._options)

    @property
    def ignored(self) -> list[str]:
        """Columns that are not read."""
        with self._named():
            return self.form.ignored(self._start, self._options)

    @property
    def first_ms(self) -> int:
        """The time of the first good row. Raises SourceError when there is none."""
        if self._first_ms is None:
            faults: list[Fault] = []
            first = next(iter(self.rows(faults.append)), None)
            if first is None:
                why = f"; {self.form.unit.lower()} {faults[0].line}: {faults[0].message}" if faults else ""
                raise SourceError(f"{self.input}: there is no bar in it{why}.")
            self._first_ms = int(first.timestamp[0])
        return self._first_ms

    def rows(self, on_fault: OnFault) -> Iterator[BarRows]:
        """The file's rows. What is not a bar goes to `on_fault`, with the file's name where there are several."""
        file = "" if self._alone else str(self.input)

        def report(fault: Fault) -> None:
            on_fault(Fault(fault.line, fault.message, file, self.form.unit))

        with self._named():
            for rows in self.form.rows(self._start, self._options, report):
                yield rows.of_file(self._number)

    def _named(self) -> "_Named":
        return _Named(str(self.input))


class _Named:
    """Puts the file's name in front of what is wrong with it."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, SourceError) and not str(error).startswith(self._name):
            raise SourceError(f"{self._name}: {error}") from None


@dataclass(frozen=True, slots=True)
class Reported:
    """A file's rows as a stream to be merged; what is not a bar goes to `on_fault`."""

    file: BarFile
    on_fault: OnFault

    @property
    def first_ms(self) -> int:
        """As in `BarFile`."""
        return self.file.first_ms

    def parts(self) -> Iterator[BarRows]:
        """As in `BarFile`."""
        return self.file.rows(self.on_fault)
