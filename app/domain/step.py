"""The fold at the heart: a window and the bars that arrived become the next window and what to tell the world.

It is exact: after any sequence of duplicates, corrections, late and redelivered
bars, window and last revisions are those of a computation from scratch over the
accepted bars. And it does not matter how the bars are cut into batches.
"""

from collections.abc import Sequence
from typing import NamedTuple

from app.domain.amend import amend
from app.domain.draft import Draft
from app.domain.emission import Cause, record
from app.domain.measures import measure
from app.domain.outcome import Outcome
from app.domain.records import Bar, Indicators, Position
from app.domain.split import Gap
from app.domain.strategy import Strategy
from app.domain.window import Window

__all__ = ["Gap", "Outcome", "Stepped", "step"]


class Stepped(NamedTuple):
    """One outcome a bar, and the records they caused, both in the order of the bars."""

    outcomes: list[Outcome]
    indicators: list[Indicators]


def step(
    window: Window,
    bars: Sequence[tuple[int, Bar]],
    *,
    topic_id: str,
    partition: int,
    strategy: Strategy,
    gap: Gap,
    now_ms: int,
) -> tuple[Window, Stepped]:
    """Fold bars, each with its offset, into the window of their run and symbol.

    The bars must have passed `bar_fault`, be all of one run and symbol, and
    come in the order of their offsets. Every one but a redelivered one moves
    the window's position, even when nothing else changes; a window that saw
    only redelivered ones is returned as it is.
    """
    position = window.position
    seen = position.offset if position and position[:2] == (topic_id, partition) else -1
    before = seen
    newest = window.newest_timestamp
    newest = -1 if newest is None else newest
    draft = Draft(window, strategy, gap)
    outcomes: list[Outcome] = []
    records: list[Indicators] = []
    redelivered, appended = Outcome.REDELIVERED, Outcome.APPENDED
    for offset, bar in bars:
        if offset <= seen:
            outcomes.append(redelivered)
            continue
        seen = offset
        cause = Cause(bar, topic_id, partition, offset, now_ms)
        timestamp = bar["timestamp"]
        if timestamp > newest:
            newest = timestamp
            index = draft.append(bar)
            records.append(record(draft, index, measure(draft, index), cause, 0))
            outcomes.append(appended)
        else:
            outcome, amended = amend(draft, cause)
            records += amended
            outcomes.append(outcome)
    if seen == before:
        return window, Stepped(outcomes, records)
    return draft.finish(Position(topic_id, partition, seen)), Stepped(outcomes, records)
