"""The source that a person asks for."""

import datetime
from dataclasses import dataclass, fields
from pathlib import Path

from app.sources.base import OnFault, OnNotice, Source, SourceError
from app.sources.csv_file import CsvFile
from app.sources.names import Profile, SourceName
from app.sources.run_id import run_id_fault
from app.sources.synthetic import Synthetic

DEFAULT_DAY = datetime.date(2024, 11, 14)


@dataclass(frozen=True, slots=True)
class Choice:
    """What was said on the command line; None: nothing."""

    source: SourceName | None = None
    file: Path | None = None
    symbols: tuple[str, ...] | None = None
    run_id: str | None = None
    date: datetime.date | None = None
    profile: Profile | None = None
    seed: int | None = None
    sessions: int | None = None

    def open(self, default_symbols: tuple[str, ...], on_fault: OnFault, on_notice: OnNotice) -> Source:
        """The source, ready to be read. Raises SourceError.

        A file means `csv`, nothing means `synthetic`. Without `symbols` a file is
        replayed whole, and `default_symbols` are made up.
        """
        if self.run_id is not None and (fault := run_id_fault(self.run_id)):
            raise SourceError(fault)
        if self.source == "csv" or (self.source is None and self.file):
            return self._csv(on_fault, on_notice)
        if self.file:
            raise SourceError(f"Synthetic bars come from no file: leave out {self.file}, or SOURCE=synthetic.")
        return Synthetic(
            self.symbols or default_symbols,
            self.date or DEFAULT_DAY,
            seed=self.seed or 0,
            profile=self.profile or "trend-and-pullback",
            sessions=self.sessions or 1,
            run_id=self.run_id,
        )

    def _csv(self, on_fault: OnFault, on_notice: OnNotice) -> CsvFile:
        if self.file is None:
            raise SourceError("Which file? For example: make replay FILE=bars.csv, or stocks replay bars.csv.")
        made_up = ("date", "profile", "seed", "sessions")
        if given := [f"--{f.name}" for f in fields(self) if f.name in made_up and getattr(self, f.name) is not None]:
            raise SourceError(f"A file is replayed as it is; {', '.join(given)} only shape synthetic bars.")
        return CsvFile(
            self.file,
            run_id=self.run_id,
            symbols=frozenset(self.symbols or ()),
            on_fault=on_fault,
            on_notice=on_notice,
        )
