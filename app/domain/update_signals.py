"""Apply the rule to the bars that changed; return their rows, and which of them are signals to emit."""

from collections.abc import Iterable
from struct import Struct
from typing import NamedTuple

from app.domain.bar_rows import minute as minute_of
from app.domain.records import Action
from app.domain.row import Row, row_of
from app.domain.rule import decide
from app.domain.strategy import Strategy
from app.domain.update_windows import BarUpdate
from app.domain.window import Window

_ACTIONS: tuple[Action, ...] = ("HOLD", "BUY", "SELL")
_CODES = {action: code for code, action in enumerate(_ACTIONS)}
_NO_ACTION = 255

# Of the newest bars: minute, action, previous action, when it was emitted.
_DECISION = Struct("<IBBq")


class Decision(NamedTuple):
    """What the rule said of a bar; `emitted_at` is UTC epoch milliseconds."""

    action: Action
    previous: Action | None
    emitted_at: int


def update_signals(
    window: Window, updates: Iterable[BarUpdate], strategy: Strategy, now_ms: int
) -> list[tuple[Row, bool]]:
    """The rows of the bars that changed, in the order of the updates, each with whether its signal is to be emitted.

    The window, already folded, keeps what was decided of its newest bars. `now_ms` is UTC epoch milliseconds.
    """
    decisions = unpack_decisions(window.decisions)
    rows: list[tuple[Row, bool]] = []
    for update in updates:
        action, reason = decide(update.values, strategy)
        minute = minute_of(update.bar, 0)
        if update.emit:
            before = None if update.previous_minute is None else decisions[update.previous_minute].action
            decision = Decision(action, before, now_ms)
            decisions[minute] = decision
        else:
            decision = decisions[minute]
        rows.append(
            (row_of(update, action, decision.previous, reason, decision.emitted_at, strategy.name), update.emit)
        )
    window.decisions = pack_decisions(decisions, strategy)
    return rows


def unpack_decisions(packed: bytes) -> dict[int, Decision]:
    """Decisions by minute since 1970."""
    return {
        minute: Decision(_ACTIONS[action], None if previous == _NO_ACTION else _ACTIONS[previous], emitted_at)
        for minute, action, previous, emitted_at in _DECISION.iter_unpack(packed)
    }


def pack_decisions(decisions: dict[int, Decision], strategy: Strategy) -> bytes:
    """Those of the newest bars that can still change, and of the one before them."""
    newest = sorted(decisions)[-strategy.late_bars - 2 :]
    return b"".join(
        _DECISION.pack(
            minute,
            _CODES[decisions[minute].action],
            _NO_ACTION if (previous := decisions[minute].previous) is None else _CODES[previous],
            decisions[minute].emitted_at,
        )
        for minute in newest
    )
