"""Chooses the run when a request names none, and merges what several workers know about runs."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from app.domain.records import Origin
from web.reader import RunInfo

ASKED_FOR = "asked for"
LIVE = "live"
_DAY_MS = 24 * 60 * 60 * 1000


class ChosenRun(NamedTuple):
    """A run, None while there is none at all, and why it is this one."""

    run: RunInfo | None
    reason: str

    @property
    def run_id(self) -> str | None:
        """The run's id."""
        return self.run.run_id if self.run else None

    @property
    def synthetic(self) -> bool:
        """Whether the run is of bars that were made up."""
        return self.run is not None and self.run.origin == "synthetic"


def is_live(run_id: str, origin: Origin) -> bool:
    """Whether a run is of live bars: its id says so, as `stocks live` makes it, or its newest bar's origin.

    Only live sources have bars of origin `backfill`, for what they missed.
    """
    return run_id.startswith("live-") or origin in ("live", "backfill")


def choose(runs: Iterable[RunInfo]) -> ChosenRun:
    """The live run where there is one, else the run active last; the same for all workers that know the same runs.

    Of several live runs it is one of those active on the newest day (UTC), the first by its id, so that
    it does not change from minute to minute with the feed that is ahead.
    """
    runs = list(runs)
    if live := [run for run in runs if run.is_live]:
        return ChosenRun(min(live, key=lambda run: (-(run.active_at // _DAY_MS), run.run_id)), LIVE)
    if not runs:
        return ChosenRun(None, "no run yet")
    newest = min(runs, key=_last_first)
    kind = "synthetic run" if newest.origin == "synthetic" else "replay"
    return ChosenRun(newest, f"newest {kind}: no live run")


def merge(parts: Iterable[RunInfo]) -> list[RunInfo]:
    """What several workers know of runs, each of its own partitions; the run active last first."""
    by_run = groupby(sorted(parts, key=lambda run: run.run_id), key=lambda run: run.run_id)
    return sorted((_joined(list(each)) for _, each in by_run), key=_last_first)


def _last_first(run: RunInfo) -> tuple[int, str]:
    return -run.active_at, run.run_id


def _joined(parts: Sequence[RunInfo]) -> RunInfo:
    firsts = [part.first_bar for part in parts if part.first_bar is not None]
    return replace(
        min(parts, key=_last_first),
        is_live=any(part.is_live for part in parts),
        first_bar=min(firsts) if len(firsts) == len(parts) else None,
        oldest_kept=min(part.oldest_kept for part in parts),
        newest_bar=max(part.newest_bar for part in parts),
        symbols=sum(part.symbols for part in parts),
        bars=sum(part.bars for part in parts),
        signals=sum(part.signals for part in parts),
    )
