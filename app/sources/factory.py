"""Chooses and opens the source that a user asks for."""

import datetime
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, fields

from app.domain.source_names import Feed, Profile, SourceName
from app.settings import Settings
from app.sources.base import OnFault, OnNotice, Source, SourceError
from app.sources.files.bar_files import BarFiles
from app.sources.files.options import FileOptions
from app.sources.run_id import run_id_fault
from app.sources.synthetic import Synthetic

DEFAULT_DAY = datetime.date(2024, 11, 14)
_SYNTHETIC_ONLY = ("profile", "seed", "sessions")
_ALPACA_ONLY = ("to", "feed", "extended")
_FILE_ONLY = ("tz", "map", "symbol", "sort")


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """The options of the command line; None for an option that was not given."""

    source: SourceName | None = None
    file: tuple[str, ...] = ()
    symbols: tuple[str, ...] | None = None
    run_id: str | None = None
    date: datetime.date | None = None
    profile: Profile | None = None
    seed: int | None = None
    sessions: int | None = None
    to: datetime.date | None = None
    feed: Feed | None = None
    extended: bool | None = None
    tz: zoneinfo.ZoneInfo | None = None
    map: Mapping[str, tuple[str, ...]] | None = None
    symbol: str | None = None
    sort: bool | None = None

    @property
    def is_file(self) -> bool:
        """Whether the bars are lines of a file."""
        return self.source == "csv" or (self.source is None and bool(self.file))

    def open(self, settings: Settings, on_fault: OnFault, on_notice: OnNotice) -> Source:
        """The source, ready to be read. Raises SourceError.

        A file means `csv`, nothing means `synthetic`. Without `symbols` a file is
        replayed whole, and for the others the settings' symbols are taken.
        """
        if self.run_id is not None and (fault := run_id_fault(self.run_id)):
            raise SourceError(fault)
        if self.is_file:
            source = self.open_files(on_fault, on_notice)
            source.prepare(settings.strategy)
            return source
        if given := self._given(*_FILE_ONLY):
            raise SourceError(f"{given} only say how files are read: leave them out, or give a file.")
        if self.source == "alpaca":
            return self._alpaca(settings, on_fault, on_notice)
        if self.source == "alpaca-live":
            return self._alpaca_live(settings, on_fault, on_notice)
        return self._synthetic(settings)

    def open_files(self, on_fault: OnFault, on_notice: OnNotice) -> BarFiles:
        """The files, not yet looked through. Raises SourceError."""
        if not self.file:
            raise SourceError("Which file? For example: make replay FILE=bars.csv, or stocks replay bars.csv.")
        if given := self._given(*_SYNTHETIC_ONLY, *_ALPACA_ONLY, "date"):
            raise SourceError(f"A file is replayed as it is; {given} only shape bars of other sources.")
        return BarFiles(
            self.file,
            options=FileOptions(self.tz, self.map or {}, self.symbol, bool(self.sort)),
            run_id=self.run_id,
            symbols=frozenset(self.symbols or ()),
            on_fault=on_fault,
            on_notice=on_notice,
        )

    def _synthetic(self, settings: Settings) -> Synthetic:
        if self.file:
            raise SourceError(f"Synthetic bars come from no file: leave out {self._files}, or SOURCE=synthetic.")
        if given := self._given(*_ALPACA_ONLY):
            raise SourceError(f"Synthetic bars know no {given}: leave it out, or set SOURCE=alpaca.")
        return Synthetic(
            self.symbols or settings.symbol_names,
            self.date or DEFAULT_DAY,
            seed=self.seed or 0,
            profile=self.profile or "trend-and-pullback",
            sessions=self.sessions or 1,
            run_id=self.run_id,
        )

    def _alpaca(self, settings: Settings, on_fault: OnFault, on_notice: OnNotice) -> Source:
        # Its client loads pandas, which takes a second.
        from app.sources.alpaca.source import open_history

        if self.file:
            raise SourceError(f"Bars from Alpaca come from no file: leave out {self._files}, or SOURCE=alpaca.")
        if given := self._given(*_SYNTHETIC_ONLY):
            raise SourceError(f"{given} only shape synthetic bars: leave them out. For several days: --to.")
        if self.date is None:
            raise SourceError("Which day? For example: make replay SOURCE=alpaca DATE=2024-11-14.")
        return open_history(
            settings,
            self._alpaca_symbols(settings),
            self.date,
            self.to or self.date,
            self.feed,
            all_hours=bool(self.extended),
            run_id=self.run_id,
            on_fault=on_fault,
            on_notice=on_notice,
        )

    def _alpaca_live(self, settings: Settings, on_fault: OnFault, on_notice: OnNotice) -> Source:
        from app.sources.alpaca.source import open_live

        if self.file:
            raise SourceError(f"Live bars come from no file: leave out {self._files}.")
        if given := self._given(*_SYNTHETIC_ONLY, "date", "to", "extended"):
            raise SourceError(f"Live bars are those of now: leave out {given}, or set SOURCE=alpaca for days gone by.")
        return open_live(
            settings,
            self._alpaca_symbols(settings),
            self.feed,
            run_id=self.run_id,
            on_fault=on_fault,
            on_notice=on_notice,
        )

    def _alpaca_symbols(self, settings: Settings) -> list[str]:
        return [symbol.upper() for symbol in self.symbols or settings.symbol_names]

    @property
    def _files(self) -> str:
        return " ".join(self.file)

    def _given(self, *names: str) -> str:
        """The options that were given, as they are written on the command line."""
        said = (field.name for field in fields(self) if field.name in names and getattr(self, field.name) is not None)
        return ", ".join(f"--{name}" for name in said)
