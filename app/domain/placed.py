"""An indicator of a strategy, and the columns of its rows that are its own."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.domain.indicators.indicator import Columns, Indicator, Inputs
from app.domain.row import Rows
from app.domain.rule import RuleError


@dataclass(frozen=True)
class PlacedIndicator:
    """Where a strategy's rows keep an indicator's states and values: names of f8 columns."""

    name: str
    indicator: Indicator
    states: tuple[str, ...]
    values: tuple[str, ...]

    @classmethod
    def declared(cls, name: str, indicator: Indicator) -> "PlacedIndicator":
        """Under the name that a rule declares; a state's column has a dot, so that no rule can see it."""
        states = tuple(f"{name}.{state}" for state in indicator.states)
        values = tuple(f"{name}_{value}" if value else name for value in indicator.values)
        return cls(name, indicator, states, values)

    def fill(self, newest: Rows, inputs: Inputs) -> None:
        """Fill in its columns of `inputs.rows`; newest: ROW[k], each series' row before its first here.

        Raises RuleError when the indicator does not return columns of n floats.
        """
        before = tuple(newest[name] for name in self.states)
        states = self._checked("advance", self.states, self.indicator.advance(before, inputs), len(inputs.rows))
        values = self._checked("read", self.values, self.indicator.read(states, inputs), len(inputs.rows))
        for name, column in zip((*self.states, *self.values), (*states, *values), strict=True):
            inputs.rows[name] = column

    def _checked(self, function: str, names: tuple[str, ...], columns: Columns, count: int) -> Columns:
        shapes = [getattr(column, "shape", None) for column in columns] if isinstance(columns, Iterable) else columns
        if shapes != [(count,)] * len(names):
            raise RuleError(
                f"indicator {self.name}: {function}() must return {len(names)} columns of {count} floats, "
                f"it returned {shapes!r}"
            )
        return columns
