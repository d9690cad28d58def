"""Apply a strategy's rule to rows that have their indicators."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from app.domain.row import ACTIONS, OWN_REASONS, REASONS, Bools, Floats, Ints, Rows
from app.domain.rule import Clause, RuleColumns, RuleError
from app.domain.strategy import Strategy

Codes = npt.NDArray[np.uint8]

_HOLD = ACTIONS.index("HOLD")
_NO_RULE, _WARMING_UP, _SPLIT = map(REASONS.index, ("no_rule", "warming_up", "split_suspected"))

#: What every rule can see of a row beside its own indicators; `minute` and `flat` come as well.
_SEEN = ("open", "high", "low", "close", "volume", "vwap", "sma_fast", "sma_slow", "rsi")


def decide(rows: Rows, flat: Bools, strategy: Strategy) -> tuple[Codes, Codes]:
    """What to do, as indexes into ACTIONS, and which clause says so, as codes of ROW's `reason`; u1[n] each.

    rows: n of the strategy's layout, with their indicators; flat: bool[n], whether the RSI says nothing.
    A suspected split and a series that warms up are HOLD whatever the rule says.
    Raises RuleError when the rule raises, or does not return clauses.
    """
    count = len(rows)
    actions = np.full(count, _HOLD, np.uint8)
    reasons = np.full(count, _NO_RULE, np.uint8)
    # In reverse, so that the first clause that holds wins.
    for clause in reversed(_clauses(rows, flat, strategy)):
        actions[clause.where] = ACTIONS.index(clause.action)
        reasons[clause.where] = _code(clause.reason, strategy)
    warming_up = rows["bars_seen"] < strategy.warm_up
    split = warming_up & ~np.isnan(rows["split_close"])
    for where, reason in ((warming_up, _WARMING_UP), (split, _SPLIT)):
        actions[where], reasons[where] = _HOLD, reason
    return actions, reasons


def _clauses(rows: Rows, flat: Bools, strategy: Strategy) -> Sequence[Clause]:
    columns: dict[str, Floats | Ints | Bools] = {name: rows[name] for name in (*_SEEN, *strategy.own_values)}
    seen = RuleColumns(columns | {"minute": rows["minute"].astype(np.int64), "flat": flat})
    rule = strategy.rule
    if strategy.own_rule is None:
        return rule.clauses(seen)
    try:
        with np.errstate(all="ignore"):  # A division of NaN by 0 is the rule's business.
            clauses = list(rule.clauses(seen))
    except Exception as error:
        raise RuleError(f"the rule {rule.name} raised {type(error).__name__}: {error}{_line(error)}") from error
    for clause in clauses:
        _check(clause, len(rows), strategy)
    return clauses


def _check(clause: Clause, count: int, strategy: Strategy) -> None:
    said = f"the rule {strategy.rule.name} must return clauses (reason, action, where)"
    if not isinstance(clause, tuple) or len(clause) != len(Clause._fields):
        raise RuleError(f"{said}, one was {clause!r}")
    reason, action, where = clause
    if action not in ACTIONS:
        raise RuleError(f"{said}: an action is one of {', '.join(ACTIONS)}, not {action!r}")
    if reason not in strategy.rule.reasons:
        raise RuleError(f"{said}: a reason is one of its REASONS, not {reason!r}")
    kind = getattr(where, "dtype", type(where).__name__), getattr(where, "shape", None)
    if kind != (np.dtype(bool), (count,)):
        raise RuleError(f"{said}: for {count} bars `where` is {count} booleans, that of {reason} is {kind[0]}{kind[1]}")


def _line(error: BaseException) -> str:
    """Where in the rule's own code it was raised."""
    traceback, line = error.__traceback__, 0
    while traceback is not None:
        if traceback.tb_frame.f_code.co_name == "decide":
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return f" (line {line})" if line else ""


def _code(reason: str, strategy: Strategy) -> int:
    if strategy.own_rule is None:
        return REASONS.index(reason)
    return OWN_REASONS + strategy.rule.reasons.index(reason)
