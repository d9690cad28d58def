"""The base class of indicators: what each row keeps for the next bar, and functions that advance and read it."""

from typing import ClassVar, NamedTuple

from app.domain.row import Floats, Ints, Rows

Columns = tuple[Floats, ...]
"""f8[n] each."""


class Inputs(NamedTuple):
    """n bars, grouped by series, each series' in the order of time."""

    #: n rows, of which the bar's own values, number to trade count, are set. None of these can be written to.
    rows: Rows
    #: f8[n, lookback], the newest closes up to each bar, its own last.
    #: Contiguous along w, so that numpy adds in the same order for any n. Only as many as `bars` says are used.
    windows: Floats
    #: i8[n], which bar of its series each is: from 1, and from 1 again after a split.
    bars: Ints
    #: i8[n], ascending: the series of each bar, an index into what was before.
    which: Ints


class Indicator:
    """One indicator with its period, in a file of its own; it has no memory but the columns that it is handed.

    What it computes of a bar may depend on this bar and earlier ones of its series, never on
    which bars come together. Subclasses are frozen dataclasses: their fields are part of the
    strategy's identity.
    """

    #: Names of the columns that each row keeps for the next bar.
    states: ClassVar[tuple[str, ...]] = ()
    #: Names of its values; "" is the name of the only one.
    values: ClassVar[tuple[str, ...]] = ("",)

    @property
    def warm_up(self) -> int:
        """Bars that a series needs before there are values."""
        raise NotImplementedError

    @property
    def lookback(self) -> int:
        """Closes that `Inputs.windows` must have, the bar's own counted."""
        return 1

    def advance(self, before: Columns, inputs: Inputs) -> Columns:
        """The states after each bar, f8[n] each.

        before: f8[k] each, the states of the k series before their first bar here; NaN of a series without bars.
        A series also begins with the bar of a split, for which `inputs.bars` is 1: what was before does not count.
        """
        return ()

    def read(self, states: Columns, inputs: Inputs) -> Columns:
        """The values of each bar, f8[n] each, of its states; NaN while warming up."""
        raise NotImplementedError
