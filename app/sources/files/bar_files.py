"""A source of bars from files. It reads them twice: first to check that they may be sent, then to send them."""

import datetime
import shutil
import tempfile
import time
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from app.asgi.open_files import allow_open
from app.domain.records import Bar, Origin
from app.domain.strategy import Strategy
from app.domain.validation import LONGEST_LABEL
from app.sources.base import Fault, NeverWaits, OnFault, OnNotice, SourceError
from app.sources.files.bar_file import BarFile, Reported
from app.sources.files.bar_rows import BarRows, bars_of
from app.sources.files.doubts import not_one_minute, warnings
from app.sources.files.inputs import Input, Stdin, find_inputs, standard_input
from app.sources.files.lateness import Lateness
from app.sources.files.merge import merged
from app.sources.files.options import FileOptions
from app.sources.files.sort import in_order_of_time
from app.sources.files.survey import Survey
from app.sources.run_id import new_run_id
from app.times import iso

_LARGE = 100_000_000
_FAULTS = 20
#: Bytes of text: what all files together have in memory at once, and what one reads at once at least.
_MOST_HELD, _SMALLEST_BLOCK = 1 << 26, 1 << 14


class BarFiles(NeverWaits):
    """The bars of files (only those of `symbols`, if any are given), as a Source; several are merged by time.

    Raises SourceError when a file cannot be opened, has no form that is known, or needs an option more. `prepare`
    reads all and refuses what must not be sent.
    """

    origin: Origin = "replay"

    def __init__(
        self,
        paths: Sequence[str],
        *,
        options: FileOptions | None = None,
        run_id: str | None = None,
        symbols: frozenset[str] = frozenset(),
        on_fault: OnFault = lambda _: None,
        on_notice: OnNotice = lambda _: None,
        stdin: Stdin = standard_input,
    ) -> None:
        self.options = options or FileOptions()
        inputs = find_inputs(paths, lambda: self._folder, stdin)
        if not inputs:
            raise SourceError(f"There is no file in {', '.join(paths)}. Give the path of a file with bars.")
        # Those that overlap in time are open at once.
        allow_open(len(inputs) + 200)
        block = max(_SMALLEST_BLOCK, min(self.options.block, _MOST_HELD // len(inputs)))
        self.files = _opened(inputs, replace(self.options, block=block))
        self.labels = [file.label[:LONGEST_LABEL] for file in self.files]
        self.name = self.labels[0] if len(inputs) == 1 else f"files:{self.labels[0]} and {len(inputs) - 1:,} more"
        self.read = 0
        self.total: int | None = None
        self.survey = Survey()
        self._symbols, self._on_fault, self._on_notice = symbols, on_fault, on_notice
        day = datetime.datetime.fromtimestamp(min(file.first_ms for file in self.files) / 1000, datetime.UTC).date()
        self.run_id = run_id or new_run_id("replay", day)

    def __str__(self) -> str:
        rows = f": {self.total:,} row{'' if self.total == 1 else 's'}" if self.total is not None else ""
        if len(self.files) == 1:
            return f"{self.files[0].form.label}, {self.files[0].input}{rows}"
        return f"{len(self.files):,} files, from {self.files[0].input} to {self.files[-1].input}{rows}"

    def prepare(self, strategy: Strategy) -> None:
        """Read all. Raises SourceError when some bars would be stale, or are not of one minute."""
        self._say_what_takes_long()
        self.look_through(lambda _: None)
        if sentence := not_one_minute(self.survey):
            raise SourceError(f"{self._which}: {sentence} Nothing was sent.")
        late = self.lateness(strategy)
        if late.stale:
            raise SourceError(f"{self._which}: {self.stale_sentence(late, strategy)} Nothing was sent.")
        for file in self.files[:1]:
            if ignored := file.ignored:
                self._on_notice(f"{file.label}: ignored columns: {', '.join(ignored)}.")
        for warning in self.warnings():
            self._on_notice(f"Warning: {warning}")

    def look_through(self, on_fault: OnFault) -> Survey:
        """Read all; what is not a bar goes to `on_fault`."""
        self.total = 0

        def count(fault: Fault) -> None:
            self.total = (self.total or 0) + 1
            on_fault(fault)

        for rows in self.rows(count):
            self.total += len(rows)
            self.survey.add(rows.only(self._symbols))
        return self.survey

    def bars(self) -> Iterator[Bar]:
        """Each good row's bar; the others go to `on_fault`."""
        self.read = 0
        for rows in self.rows(self._skipped):
            self.read += len(rows) - len(chosen := rows.only(self._symbols))
            for bar in bars_of(chosen, self.run_id, self.labels):
                self.read += 1
                yield bar

    def rows(self, on_fault: OnFault) -> Iterator[BarRows]:
        """All rows in the order in which they are sent."""
        rows = merged([Reported(file, on_fault) for file in self.files])
        return in_order_of_time(rows, self._folder) if self.options.sort else rows

    def lateness(self, strategy: Strategy) -> Lateness:
        """How late rows are that are not newer than all before; of the other symbols nothing need be looked at."""
        late = Lateness(strategy)
        unordered = frozenset(self.survey.unordered)
        if unordered:
            for rows in self.rows(lambda _: None):
                late.add(rows.only(unordered))
        return late

    def stale_sentence(self, late: Lateness, strategy: Strategy) -> str:
        """How many rows would be stale, and what to do."""
        first = late.first_stale
        if first is None:
            return ""
        file = self.files[first.file]
        where = f"{file.form.unit.lower()} {first.line:,}{'' if len(self.files) == 1 else f' of {file.input}'}"
        rows = "row comes" if late.stale == 1 else "rows come"
        newest_first = f"more than {strategy.late_bars} newer ones (LATE_BARS) of their symbol"
        return (
            f"{late.stale:,} of {self.survey.rows:,} {rows} after {newest_first}, so a worker would refuse them as "
            f"stale; the first is {where}, {first.symbol} {iso(first.timestamp)}. Send them in order of time: --sort."
        )

    def warnings(self) -> list[str]:
        """Warnings that follow from the survey."""
        zone_said = any("own" not in file.zone for file in self.files)
        return list(warnings(self.survey, zone_said=zone_said, now_ms=int(time.time()) * 1000))

    @cached_property
    def _folder(self) -> Path:
        """Make a folder for temporary files. Raises SourceError."""
        try:
            folder = Path(tempfile.mkdtemp(prefix="stocks-"))
        except OSError as error:
            raise SourceError(f"No folder can be made for what is kept: {error}. Name one with TMPDIR.") from None
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return folder

    def _skipped(self, fault: Fault) -> None:
        self.read += 1
        self._on_fault(fault)

    def _say_what_takes_long(self) -> None:
        size = sum(file.input.path.stat().st_size for file in self.files)
        if size > _LARGE:
            self._on_notice(f"Reading {size / 1e6:,.0f} MB before anything is sent, to see that all is well.")

    @property
    def _which(self) -> str:
        return str(self.files[0].input) if len(self.files) == 1 else f"{len(self.files):,} files"


def _opened(inputs: Sequence[Input], options: FileOptions) -> list[BarFile]:
    """Open the files and read their beginnings. Raises SourceError with a sentence for each that cannot be read."""
    files: list[BarFile] = []
    faults: list[str] = []
    for number, each in enumerate(inputs):
        try:
            file = BarFile(number, each, options, alone=len(inputs) == 1)
            _ = file.first_ms
            files.append(file)
        except SourceError as error:
            faults.append(str(error))
    if faults:
        more = f"\n… and {len(faults) - _FAULTS:,} more files" if len(faults) > _FAULTS else ""
        raise SourceError("\n".join(faults[:_FAULTS]) + more)
    return files
