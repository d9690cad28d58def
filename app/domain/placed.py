"""An indicator of a strategy, and where rows keep its columns."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from app.domain.indicators.indicator import Columns, Indicator, Inputs
from app.domain.row import Bools, Rows, read_only
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
        """Under the name that a rule declares. State columns have a dot in their names, so that no rule sees them."""
        states = tuple(f"{name}.{state}" for state in indicator.states)
        values = tuple(f"{name}_{value}" if value else name for value in indicator.values)
        return cls(name, indicator, states, values)

    def fill(self, rows: Rows, newest: Rows, known: Bools, inputs: Inputs) -> None:
        """Fill in its columns of rows.

        newest: k rows, each series' one before its first here; known: bool[k], where there is one. `inputs`, which
        look at the same rows, cannot be written to. Raises RuleError when the indicator raises, or does not
        return columns of n floats. A value that is not finite becomes NaN.
        """
        inputs = inputs._replace(windows=inputs.windows[:, inputs.windows.shape[1] - self.indicator.lookback :])
        before = tuple(read_only(np.where(known, newest[name], np.nan)) for name in self.states)
        try:
            with np.errstate(all="ignore"):
                states = self._checked("advance", self.states, self.indicator.advance(before, inputs), len(rows))
                values = self._checked("read", self.values, self.indicator.read(states, inputs), len(rows))
        except RuleError:
            raise
        except Exception as error:
            raise RuleError(f"indicator {self.name} raised {type(error).__name__}: {error}") from error
        for name, column in zip(self.states, states, strict=True):
            rows[name] = column
        for name, column in zip(self.values, values, strict=True):
            rows[name] = np.where(np.isfinite(column), column, np.nan)

    def _checked(self, function: str, names: tuple[str, ...], columns: Columns, count: int) -> Columns:
        if isinstance(columns, tuple | list):
            found = [np.asarray(column) for column in columns]
            if [column.shape for column in found] == [(count,)] * len(names) and all(
                column.dtype.kind in "fiub" for column in found
            ):
                return tuple(column.astype(np.float64, copy=False) for column in found)
        said = [getattr(column, "shape", column) for column in columns] if isinstance(columns, Iterable) else columns
        raise RuleError(
            f"indicator {self.name}: {function}() must return a tuple of {len(names)} columns of {count} floats, "
            f"it returned {said!r}"
        )
