"""A rule turns columns of bars into clauses: an action, and for which bars it holds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from app.domain.indicators import Indicator
from app.domain.records import Action
from app.domain.row import Bools, Floats, Ints, read_only


class RuleError(ValueError):
    """A rule does something that rules may not do. The message is a sentence that names the rule."""


class Clause(NamedTuple):
    """One clause: its name, what to do, and bool[n], for which of the bars it holds."""

    reason: str
    action: Action
    where: Bools


class RuleColumns:
    """The columns that a rule can read, one attribute each: read-only arrays of n values.

    minute (i8, start of the bar, minutes since 1970, UTC), open, high, low, close, volume, vwap (f8; NaN: none),
    sma_fast, sma_slow, rsi (f8), flat (bool: the close has not moved for the RSI's whole period), and what the
    rule declared. Each bar stands for itself: its neighbours may be of other series.
    """

    minute: Ints
    flat: Bools

    def __init__(self, columns: Mapping[str, Floats | Ints | Bools]) -> None:
        for name, column in columns.items():
            setattr(self, name, read_only(column))

    def __getattr__(self, name: str) -> Floats:
        known = ", ".join(sorted(vars(self)))
        raise AttributeError(f"there is no column {name}: it can see {known}")


@dataclass(frozen=True, eq=False)
class Rule:
    """A rule, and the indicators that it needs beside sma_fast, sma_slow and rsi."""

    #: With its parameters and, for a file, a hash of its source: what is different has another name.
    name: str
    #: The first clause that holds for a bar decides; a bar for which none holds is HOLD.
    clauses: Callable[[RuleColumns], Sequence[Clause]]
    indicators: Mapping[str, Indicator] = field(default_factory=dict)
    #: The names of its clauses, where they are not those of `app.domain.row.REASONS`.
    reasons: tuple[str, ...] = ()
