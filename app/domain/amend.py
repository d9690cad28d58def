"""A bar that is not newer than the newest: a duplicate, a correction, a late or a stale one."""

from app.domain import bar_rows
from app.domain.indicator_values import IndicatorValues, indicator_values
from app.domain.outcome import Outcome
from app.domain.records import MINUTE_MS, Bar
from app.domain.split import Gap
from app.domain.strategy import Strategy
from app.domain.window import Window

Changed = tuple[int, IndicatorValues, bool]
"""Index of a bar whose row changed, its indicators, and whether a signal says anything of the change."""

State = tuple[IndicatorValues, float, float]
"""A bar's indicators, and Wilder's averages after it."""


def amend(window: Window, bar: Bar, strategy: Strategy, gap: Gap) -> tuple[Outcome, list[Changed]]:
    """Fold the bar into the window; the changes are in the order of time."""
    window.trim(strategy)
    index, present = window.find(bar["timestamp"] // MINUTE_MS)
    if present and window.same(index, bar):
        return Outcome.DUPLICATE, []
    if not _reachable(window, index, present, strategy):
        return Outcome.STALE, []

    count = len(window.closes)
    old: list[State | None] = [_state(window, i, strategy, gap) for i in range(index, count)]
    if present:
        window.replace(index, bar, strategy, gap)
    else:
        window.insert(index, bar, strategy, gap)
        old.insert(0, None)
    return Outcome.CORRECTED if present else Outcome.INSERTED, _changes(window, index, present, old, strategy, gap)


def _reachable(window: Window, index: int, present: bool, strategy: Strategy) -> bool:
    """Whether the state before the bar is kept, so that everything from it on can be computed exactly.

    A bar that was revised as often as its row can count takes no more either:
    a later revision could not be told from the one before.
    """
    count = len(window.closes)
    newer = count - index - present
    if newer > strategy.late_bars or newer + present >= len(window.gains):
        return False
    return all(bar_rows.tail(window.rows, i)[0] < bar_rows.MAX_REVISION for i in range(index, count))


def _state(window: Window, index: int, strategy: Strategy, gap: Gap) -> State:
    state = index - len(window.closes)
    return indicator_values(window, index, strategy, gap), window.gains[state], window.losses[state]


def _changes(
    window: Window, first: int, present: bool, old: list[State | None], strategy: Strategy, gap: Gap
) -> list[Changed]:
    changes: list[Changed] = []
    follow = False
    for index, before in enumerate(old, first):
        after = _state(window, index, strategy, gap)
        values = after[0]
        # A bar that is emitted again may have another action, and the next signal names
        # it as its previous one. What was not ready, and is not, stays HOLD.
        emit = before is None or values != before[0] or follow
        if emit:
            if before:
                revision, provenance = bar_rows.tail(window.rows, index)
                bar_rows.set_tail(window.rows, index, revision + 1, provenance)
            follow = values.sma_slow is not None or not before or before[0].sma_slow is not None
        # The corrected bar has new values; behind an inserted one all have new numbers. Averages change
        # without the indicators before there is an RSI, and while it is 0 or 100.
        if emit or index == first or not present or after != before:
            changes.append((index, values, emit))
    return changes
