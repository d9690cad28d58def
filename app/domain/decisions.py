"""What the rule said of a window's newest bars, packed: 14 bytes a bar, in the order of time."""

from struct import Struct
from typing import NamedTuple

from app.domain.records import Action

# The order is the format of this and of the table's rows: never change it, only add.
ACTIONS: tuple[Action, ...] = ("HOLD", "BUY", "SELL")
NO_ACTION = 255
_CODES = {action: code for code, action in enumerate(ACTIONS)}

# Minute since 1970, action, previous action, when it was emitted.
_ENTRY = Struct("<IBBq")
_MINUTE = Struct("<I")
_SIZE = _ENTRY.size


class Decision(NamedTuple):
    """What the rule said of a bar; `emitted_at` is UTC epoch milliseconds."""

    action: Action
    previous: Action | None
    emitted_at: int


def code_of(action: Action | None) -> int:
    """The byte that stands for an action, or for none."""
    return NO_ACTION if action is None else _CODES[action]


def action_of(code: int) -> Action | None:
    """The action of a byte. Raises LookupError for one that stands for nothing."""
    return None if code == NO_ACTION else ACTIONS[code]


def find(decisions: bytearray, minute: int) -> Decision:
    """The decision of a minute since 1970. Raises KeyError when there is none."""
    at, present = _place(decisions, minute)
    if not present:
        raise KeyError(minute)
    _, action, previous, emitted_at = _ENTRY.unpack_from(decisions, at)
    return Decision(ACTIONS[action], action_of(previous), emitted_at)


def put(decisions: bytearray, minute: int, decision: Decision) -> None:
    """Keep the decision of a minute since 1970, in place of the one that was there."""
    action, previous, emitted_at = decision
    at, present = _place(decisions, minute)
    entry = _ENTRY.pack(minute, code_of(action), code_of(previous), emitted_at)
    decisions[at : at + _SIZE * present] = entry


def trim(decisions: bytearray, bars: int) -> None:
    """Drop those older than the newest `bars`."""
    surplus = len(decisions) - bars * _SIZE
    if surplus > 0:
        del decisions[:surplus]


def _place(decisions: bytearray, minute: int) -> tuple[int, bool]:
    """Where the entry of a minute is or belongs, and whether it is there; nearly always at the end."""
    at = len(decisions)
    while at:
        found = _MINUTE.unpack_from(decisions, at - _SIZE)[0]
        if found <= minute:
            return (at - _SIZE, True) if found == minute else (at, False)
        at -= _SIZE
    return 0, False
