"""Opens the source that the command line names."""

import datetime
from typing import Any

from app.logs.producer import TERMINAL, Voice
from app.producer.pace import AsFastAsPossible, Pace
from app.settings import Settings
from app.sources.base import Source, SourceError
from app.sources.factory import SourceOptions
from app.sources.fault_counter import FaultCounter


def open_source(
    settings: Settings, options: dict[str, Any], pace: Pace, voice: Voice = TERMINAL
) -> tuple[Source, FaultCounter]:
    """The source, and the count of what it skips. Raises SourceError."""
    if options["source"] == "alpaca-live" and not isinstance(pace, AsFastAsPossible):
        raise SourceError("Live bars are sent as they come: leave out --speed.")
    choice = choose(options)
    faults = FaultCounter(voice.warn, "Line" if choice.is_file else "Record")
    source = choice.open(settings, faults, voice.warn)
    voice.say(f"Source: {source}.")
    voice.say(f"Run: {source.run_id}")
    return source, faults


def choose(options: dict[str, Any]) -> SourceOptions:
    """The options of the command line as a choice of source."""
    return SourceOptions(date=_day(options.pop("date")), to=_day(options.pop("to")), **options)


def _day(moment: datetime.datetime | None) -> datetime.date | None:
    return moment.date() if moment else None
