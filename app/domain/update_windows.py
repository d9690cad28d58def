"""Fold a batch of bars into the windows of their series; say which bars changed, and what their indicators are now.

It is exact: after any sequence of duplicates, corrections and late bars, windows and last
revisions are those of a computation from scratch over the accepted bars. And it does not
matter how the bars are cut into batches.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from app.domain.advance import advance
from app.domain.amend import WindowCopy
from app.domain.outcome import Outcome
from app.domain.row import Bools, Ints, Objects, Rows, is_first, one_before
from app.domain.split import Gap
from app.domain.strategy import Strategy
from app.domain.updates import Updates
from app.domain.windows import Windows


class SeriesBars(NamedTuple):
    """Bars that have passed validation, grouped by series, each series' in the order in which they arrived."""

    #: i8[n], the place of each bar's series in the windows.
    places: Ints
    #: n of the strategy's layout, of which only the bar's own values are set, minute to trade count.
    rows: Rows
    #: Provenance[n].
    provenances: Objects

    def some(self, chosen: Ints) -> "SeriesBars":
        """A copy of those chosen, by their indexes."""
        return SeriesBars(self.places[chosen], self.rows.take(chosen), self.provenances[chosen])


class FoldResult(NamedTuple):
    """The outcomes of some of a batch's bars, and the updates that follow."""

    #: i8[n], which of the bars.
    indexes: Ints
    #: Of each of them.
    outcomes: Sequence[Outcome]
    updates: Updates
    #: Start of the series' newest bar, minutes since 1970, UTC; -1 when they are of several series.
    newest_minute: int = -1

    @property
    def stale(self) -> Bools:
        """The indexes of the bars that were too old."""
        if Outcome.STALE not in self.outcomes:
            return np.zeros(len(self.outcomes), bool)
        return np.fromiter((outcome is Outcome.STALE for outcome in self.outcomes), bool, len(self.outcomes))


def update_windows(windows: Windows, bars: SeriesBars, strategy: Strategy, gap: Gap) -> Iterator[FoldResult]:
    """Fold bars, in parts that have no series in common: first all series that only go on, then the others one by one.

    The windows are only read; the updates are to be put into them before the next batch.
    """
    if not len(bars.places):
        return
    first = is_first(bars.places)
    which = np.cumsum(first) - 1
    goes_on = _goes_on(windows, bars, first, which)
    in_order = np.flatnonzero(goes_on[which])
    if len(in_order):
        yield _append(windows, bars.some(in_order), in_order, strategy, gap)
    bounds = [*np.flatnonzero(first).tolist(), len(which)]
    for series in np.flatnonzero(~goes_on).tolist():
        part = np.arange(bounds[series], bounds[series + 1])
        yield _one_by_one(windows, bars.some(part), part, strategy, gap)


def _goes_on(windows: Windows, bars: SeriesBars, first: Bools, which: Ints) -> Bools:
    """Which series have bars that are all newer than the one before: nearly all."""
    minutes = bars.rows["minute"].astype(np.int64)
    newest = windows.newest_minutes(bars.places[first])
    newer = minutes > np.where(first, newest[which], one_before(minutes))
    return np.logical_and.reduceat(newer, np.flatnonzero(first))


def _append(windows: Windows, bars: SeriesBars, indexes: Ints, strategy: Strategy, gap: Gap) -> FoldResult:
    """Fold the bars of all series that only go on; their rows become those of the updates."""
    rows = bars.rows
    first = is_first(bars.places)
    which = np.cumsum(first) - 1
    before = windows.before(bars.places[first])
    flat = advance(before, rows, which, bars.provenances, strategy, gap)
    rows["previous_action"][first] = before.newest["action"]
    previous = np.where(first, -1, np.arange(len(rows)) - 1)
    updates = Updates(bars.places, rows, bars.provenances, previous, np.ones(len(rows), bool), flat)
    return FoldResult(indexes, [Outcome.APPENDED] * len(rows), updates)


def _one_by_one(windows: Windows, bars: SeriesBars, indexes: Ints, strategy: Strategy, gap: Gap) -> FoldResult:
    """Fold the bars of one series: those that are newer than all others together, each other one by itself."""
    place = int(bars.places[0])
    window = WindowCopy(place, *windows.series(place), strategy, gap)
    outcomes: list[Outcome] = []
    minutes = bars.rows["minute"].tolist()
    start = 0
    while start < len(minutes):
        end, newest = start, window.newest_minute
        while end < len(minutes) and minutes[end] > newest:
            newest = minutes[end]
            end += 1
        if end > start:
            window.append(bars.rows[start:end], bars.provenances[start:end].tolist())
            outcomes += [Outcome.APPENDED] * (end - start)
        else:
            end += 1
            outcomes.append(window.amend(bars.rows[start:end], bars.provenances[start]))
        start = end
    return FoldResult(indexes, outcomes, window.updates(), window.newest_minute)
