"""Apply the rule to the bars that changed: their rows are complete then."""

import numpy as np

from app.domain.decide import decide
from app.domain.strategy import Strategy
from app.domain.updates import Updates


def update_signals(updates: Updates, strategy: Strategy, now_ms: int) -> None:
    """Fill in what the rule says of each row, and when it is emitted; `now_ms` is UTC epoch milliseconds.

    Raises RuleError.
    """
    rows, previous = updates.rows, updates.previous
    if not len(rows):
        return  # A rule of one's own need not know what to say of nothing.
    actions, reasons = decide(rows, updates.flat, strategy)
    rows["action"], rows["reason"] = actions, reasons
    rows["previous_action"] = np.where(previous < 0, rows["previous_action"], actions[previous])
    rows["emitted_at"] = np.where(rows["emitted_at"] == 0, now_ms, rows["emitted_at"])
