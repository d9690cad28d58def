"""Reads files to their end and reports what is in them."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from app.domain.outcome import Outcome
from app.domain.strategy import Strategy
from app.sources.base import Fault
from app.sources.files.bar_files import BarFiles
from app.sources.files.doubts import in_sessions, not_one_minute
from app.sources.files.survey import HALF_HOUR_MS, Survey, calendar_columns

#: Faults that are named; all are counted.
NAMED_FAULTS = 20
_HALF_HOUR_MINUTES = HALF_HOUR_MS // 60_000


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in the files."""

    files: BarFiles
    survey: Survey
    #: The first that are no bars, and how many there are.
    faults: list[Fault]
    fault_count: int
    outcomes: Counter[Outcome]
    #: Why none of it can be sent, and what is only a warning.
    refusals: list[str]
    warnings: list[str]
    #: Starts of the first and the last session with a bar (UTC, milliseconds since 1970), and how many.
    sessions: tuple[int, int, int] | None
    #: The share of bars in regular hours.
    inside: float

    @property
    def all_good(self) -> bool:
        """Whether every row can be sent."""
        return not self.fault_count and not self.refusals


def check_files(files: BarFiles, strategy: Strategy) -> Checked:
    """Reads all. Raises SourceError when a file cannot be read to its end."""
    faults: list[Fault] = []
    count = 0

    def note(fault: Fault) -> None:
        nonlocal count
        count += 1
        if len(faults) < NAMED_FAULTS:
            faults.append(fault)

    survey = files.look_through(note)
    late = files.lateness(strategy)
    for symbol, time in late.filling:
        survey.fill(symbol, time)
    refusals = [sentence for sentence in (not_one_minute(survey),) if sentence]
    if not survey.rows:
        refusals.append("There is nothing to send: no row is both good and of a symbol that was asked for.")
    if late.stale:
        refusals.append(files.stale_sentence(late, strategy))
    return Checked(
        files,
        survey,
        faults,
        count,
        late.outcomes,
        refusals,
        files.warnings(),
        _sessions(survey),
        in_sessions(survey),
    )


def _sessions(survey: Survey) -> tuple[int, int, int] | None:
    opens, closes, _ = calendar_columns()
    starts = np.array(sorted(survey.half_hours), np.int64) * _HALF_HOUR_MINUTES
    index = np.searchsorted(opens, starts, side="right") - 1
    inside = (index >= 0) & (starts < closes[np.maximum(index, 0)])
    found = np.unique(index[inside])
    if not len(found):
        return None
    return int(opens[found[0]]) * 60_000, int(opens[found[-1]]) * 60_000, len(found)
