"""Apply the rule to the bars that changed; return their rows, and which of them are signals to emit."""

from collections.abc import Iterable

from app.domain import decisions
from app.domain.bar_rows import minute as minute_of
from app.domain.decisions import Decision
from app.domain.row import Row, row_of
from app.domain.rule import decide
from app.domain.strategy import Strategy
from app.domain.update_windows import BarUpdate
from app.domain.window import Window


def update_signals(
    window: Window, updates: Iterable[BarUpdate], strategy: Strategy, now_ms: int
) -> list[tuple[Row, bool]]:
    """The rows of the bars that changed, in the order of the updates, each with whether its signal is to be emitted.

    The window, already folded, keeps what was decided of the newest bars that can still
    change, and of the one before them. `now_ms` is UTC epoch milliseconds.
    """
    decided = window.decisions
    rows: list[tuple[Row, bool]] = []
    for update in updates:
        action, reason = decide(update.values, strategy)
        minute, before = minute_of(update.bar, 0), update.previous_minute
        if update.emit:
            previous = None if before is None else decisions.find(decided, before).action
            decision = Decision(action, previous, now_ms)
            decisions.put(decided, minute, decision)
        else:
            decision = decisions.find(decided, minute)
        row = row_of(update, action, decision.previous, reason, decision.emitted_at, strategy.name)
        rows.append((row, update.emit))
    decisions.trim(decided, strategy.late_bars + 2)
    return rows
