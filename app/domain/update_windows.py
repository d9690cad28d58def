"""Fold a batch of bars into a window; say which of its bars changed, and what their indicators are now.

It is exact: after any sequence of duplicates, corrections and late bars, window and
last revisions are those of a computation from scratch over the accepted bars. And it
does not matter how the bars are cut into batches.
"""

from collections.abc import Iterable
from typing import NamedTuple

from app.domain import bar_rows
from app.domain.amend import amend
from app.domain.indicator_values import IndicatorValues, indicator_values
from app.domain.outcome import Outcome
from app.domain.provenance import Provenance
from app.domain.records import MINUTE_MS, Bar
from app.domain.split import Gap
from app.domain.strategy import Strategy
from app.domain.window import Window


class BarUpdate(NamedTuple):
    """One bar of a window as it has become, and its indicators.

    `emit` is false where nothing changed that a signal says: the bar's volume, or its number.
    `previous_minute` is the start of the bar before it, minutes since 1970; None for the run's first bar.
    """

    number: int
    bar: bytes
    provenance: Provenance
    gain: float
    loss: float
    values: IndicatorValues
    previous_minute: int | None
    emit: bool


def update_windows(
    window: Window, bars: Iterable[Bar], strategy: Strategy, gap: Gap
) -> tuple[list[Outcome], list[BarUpdate]]:
    """Fold bars into the window of their run and symbol; return one outcome a bar, and the updates in their order.

    The bars must have passed `validate_bar`, be all of one run and symbol, and come in
    the order in which they arrived. The window is changed in place.
    """
    newest = window.newest_minute
    outcomes: list[Outcome] = []
    updates: list[BarUpdate] = []
    for bar in bars:
        minute = bar["timestamp"] // MINUTE_MS
        if minute > newest:
            newest = minute
            index = window.append(bar, strategy, gap)
            updates.append(bar_update(window, index, indicator_values(window, index, strategy, gap), True))
            outcomes.append(Outcome.APPENDED)
        else:
            outcome, changed = amend(window, bar, strategy, gap)
            outcomes.append(outcome)
            updates += [bar_update(window, index, values, emit) for index, values, emit in changed]
    window.trim(strategy)
    return outcomes, updates


def bar_update(window: Window, index: int, values: IndicatorValues, emit: bool) -> BarUpdate:
    """The update of the bar at `index` as the window stands."""
    _, provenance = bar_rows.tail(window.rows, index)
    state = index - len(window.closes)
    at = index * bar_rows.SIZE
    return BarUpdate(
        window.number(index),
        bytes(window.rows[at : at + bar_rows.SIZE]),
        window.provenances[provenance],
        window.gains[state],
        window.losses[state],
        values,
        bar_rows.minute(window.rows, index - 1) if index else None,
        emit,
    )
