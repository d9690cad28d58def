"""A bar that is not newer than the newest: a duplicate, a correction, a late or a stale one."""

from bisect import bisect_left

from app.domain import rows
from app.domain.draft import Draft
from app.domain.emission import Cause, record
from app.domain.measures import Measures, measure
from app.domain.outcome import Outcome
from app.domain.records import MINUTE_MS, Indicators


def amend(draft: Draft, cause: Cause) -> tuple[Outcome, list[Indicators]]:
    """Fold the bar into the draft; the records are those of the bars whose indicators it changed, oldest first."""
    draft.trim()
    bar = cause.bar
    minutes = rows.minutes(draft.rows)
    minute = bar["timestamp"] // MINUTE_MS
    index = bisect_left(minutes, minute)
    present = minutes[index] == minute
    if present and draft.same(index, bar):
        return Outcome.DUPLICATE, []
    if not _reachable(draft, index, present):
        return Outcome.STALE, []

    old: list[Measures | None] = [measure(draft, i) for i in range(index, len(minutes))]
    if present:
        draft.replace(index, bar)
    else:
        draft.insert(index, bar)
        old.insert(0, None)
    return Outcome.CORRECTED if present else Outcome.INSERTED, _emit(draft, index, old, cause)


def _reachable(draft: Draft, index: int, present: bool) -> bool:
    """Whether the state before the bar is kept, so that everything from it on can be computed exactly.

    A row that was revised as often as its row can count takes no more either:
    a later revision could not be told from the one before.
    """
    count = len(draft.closes)
    newer = count - index - present
    if newer > draft.strategy.late_bars or newer + present >= len(draft.gains):
        return False
    return all(rows.tail(draft.rows, i)[0] < rows.MAX_REVISION for i in range(index, count))


def _emit(draft: Draft, first: int, old: list[Measures | None], cause: Cause) -> list[Indicators]:
    records: list[Indicators] = []
    follow = False
    for index, before in enumerate(old, first):
        after = measure(draft, index)
        # A row that is told anew may have another action, and the next signal
        # names it as its previous one. What was not `ready`, and is not, stays HOLD.
        if after != before or follow:
            if before:
                revision, label = rows.tail(draft.rows, index)
                rows.set_tail(draft.rows, index, revision + 1, label)
            records.append(record(draft, index, after, cause, len(records)))
            follow = after.ready or not before or before.ready
    return records
