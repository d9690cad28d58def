"""The bars of a batch that changed, as columns."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from app.domain.row import Bools, Ints, Objects, Rows, stacked


class Updates(NamedTuple):
    """Rows as they have become, in the order in which signals are to be emitted.

    A bar that changes more than once has one update for each time. What the rule says, and
    when it is emitted, is still to be filled in; see app/domain/update_signals.py.
    """

    #: i8[n], the place of each bar's series in the windows.
    places: Ints
    #: n of the strategy's layout; `emitted_at` is 0 where that is now.
    rows: Rows
    #: Provenance[n].
    provenances: Objects
    #: i8[n], the update of the bar before; -1 where that did not change: then the row says its action.
    previous: Ints
    #: bool[n], false where nothing changed that a signal says: the bar's volume, or its number.
    emit: Bools
    #: bool[n], whether the RSI says nothing, as the close did not move for its whole period.
    flat: Bools


def joined(parts: Sequence[Updates], dtype: np.dtype[np.void]) -> Updates:
    """All updates of parts, one part after the other; of rows of this layout."""
    if len(parts) == 1:
        return parts[0]
    starts = np.cumsum([0, *(len(part.rows) for part in parts)])
    moved = [
        part._replace(previous=np.where(part.previous < 0, -1, part.previous + start))
        for part, start in zip(parts, starts, strict=False)
    ]
    none = Updates(*(np.empty(0, kind) for kind in (np.int64, dtype, object, np.int64, bool, bool)))
    columns = dict(zip(Updates._fields, zip(none, *moved, strict=True), strict=True))
    rows = stacked(columns.pop("rows"), dtype)
    return Updates(rows=rows, **{name: np.concatenate(column) for name, column in columns.items()})
