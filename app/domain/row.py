"""One row of the windows table: a bar, and all that its signal says.

`ROW` is its layout in memory and, behind a version byte, on disk and in the changelog, so that
rows are read and written without touching their fields. Little-endian, packed, 129 bytes. A rule
with indicators of its own adds an f8 for each of their columns; see `Strategy.dtype`.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from app.domain.provenance import Provenance
from app.domain.records import MINUTE_MS, Action, Reason, Split

ROW = np.dtype(
    [
        ("number", "<u4"),  # of the bar in its run and symbol, counted from 0 in the order of time
        ("minute", "<u4"),  # start of the bar, minutes since 1970, UTC
        ("open", "<f8"),  # prices are in the symbol's currency
        ("high", "<f8"),
        ("low", "<f8"),
        ("close", "<f8"),
        ("volume", "<f8"),  # shares
        ("vwap", "<f8"),  # NaN: none
        ("trade_count", "<u4"),  # NO_COUNT: none
        ("gain", "<f8"),  # Wilder's averages after this bar; sums before there are enough changes
        ("loss", "<f8"),
        ("sma_fast", "<f8"),  # NaN: not enough bars
        ("sma_slow", "<f8"),
        ("rsi", "<f8"),  # points, 0 to 100
        ("bars_seen", "<u4"),  # which bar of its series, counted from 1, and from 1 again after a split
        ("gap_minutes", "<i4"),  # session minutes without a bar before it; NO_GAP: not known
        ("split_close", "<f8"),  # the close before what looks like a split; NaN on all other bars
        ("revision", "<u2"),
        ("action", "u1"),  # an index into ACTIONS
        ("previous_action", "u1"),  # NO_ACTION: the first bar
        ("reason", "u1"),  # an index into REASONS, or OWN_REASONS and an index into those of the rule
        ("emitted_at", "<i8"),  # UTC epoch milliseconds
    ]
)
NO_COUNT = 0xFFFFFFFF
NO_GAP = -1
NO_ACTION = 255
MAX_REVISION = 0xFFFF

#: The fields that come from the source; two rows with equal values are duplicates.
VALUES = ("open", "high", "low", "close", "volume", "vwap", "trade_count")

# The order is the format: never change it, only add.
ACTIONS: tuple[Action, ...] = ("HOLD", "BUY", "SELL")
REASONS: tuple[Reason, ...] = (
    "no_rule",
    "oversold_in_uptrend",
    "overbought_in_downtrend",
    "warming_up",
    "flat",
    "split_suspected",
)

#: From this code on reasons are those of the strategy's own rule, at most so many.
OWN_REASONS, MOST_OWN_REASONS = 64, 64
_OWN_CODES = range(MOST_OWN_REASONS)

Rows = npt.NDArray[np.void]
"""Rows of dtype ROW, or of a strategy's layout."""

Number = TypeVar("Number", np.int64, np.float64)
Array = TypeVar("Array", bound=npt.NDArray[Any])
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Objects = npt.NDArray[np.object_]


def is_first(groups: Ints) -> Bools:
    """Which elements are the first of their group, where each group's stand together."""
    first = np.ones(len(groups), bool)
    np.not_equal(groups[1:], groups[:-1], out=first[1:])
    return first


def one_before(values: npt.NDArray[Number]) -> npt.NDArray[Number]:
    """The element before each; 0 for the first."""
    before = np.empty_like(values)
    before[1:] = values[:-1]
    before[:1] = 0
    return before


def stacked(parts: Iterable[Rows], layout: np.dtype[np.void]) -> Rows:
    """The rows of all parts, which have this layout. `np.concatenate` alone would compare it field by field, slowly."""
    whole = np.dtype((np.void, layout.itemsize))
    return np.concatenate([np.empty(0, whole), *(part.view(whole) for part in parts)]).view(layout)


def read_only(column: Array) -> Array:
    """A view that cannot be written to."""
    view: Array = column.view()
    view.flags.writeable = False
    return view


def are_codes_known(rows: Rows) -> Bools:
    """Which rows have an action, previous action and reason that stand for something."""
    action, previous, reason = rows["action"], rows["previous_action"], rows["reason"]
    is_action = (action < len(ACTIONS)) & ((previous < len(ACTIONS)) | (previous == NO_ACTION))
    own = (reason >= OWN_REASONS) & (reason < OWN_REASONS + MOST_OWN_REASONS)
    known: Bools = is_action & ((reason < len(REASONS)) | own)
    return known


NOTHING: Mapping[str, float | None] = MappingProxyType({})


class Row(NamedTuple):
    """A row as Python values: None where the layout has NaN or a code for none, times in UTC epoch milliseconds."""

    number: int
    timestamp: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    vwap: float | None
    trade_count: int | None
    gain: float
    loss: float
    sma_fast: float | None
    sma_slow: float | None
    rsi: float | None
    bars_seen: int
    gap_minutes: int | None
    #: Set on the first bar after what looks like a split: the close before it.
    split_close: float | None
    revision: int
    action: Action
    previous_action: Action | None
    reason: Reason
    emitted_at: int
    strategy: str
    provenance: Provenance
    #: An index into the reasons of the strategy's own rule, where `reason` is `own_rule`.
    own_reason: int | None = None
    #: What a rule's own indicators keep and say, by the columns' names.
    own_columns: Mapping[str, float | None] = NOTHING

    @property
    def split(self) -> Split | None:
        """The prices between which a split is suspected; None for no split."""
        return None if self.split_close is None else {"previous_close": self.split_close, "open": self.open}


def row_of(packed: Any, strategy: str, provenance: Provenance) -> Row:
    """The Python values of one element of a ROW array. Raises LookupError for codes that stand for nothing."""
    number, minute, open_, high, low, close, volume, vwap, count, gain, loss, *rest = packed.item()
    fast, slow, rsi, bars_seen, gap, split_close, revision, action, previous, reason, emitted_at, *own = rest
    own_reason = _OWN_CODES[reason - OWN_REASONS] if reason >= OWN_REASONS else None
    return Row(
        number,
        minute * MINUTE_MS,
        open_,
        high,
        low,
        close,
        volume,
        _nullable(vwap),
        None if count == NO_COUNT else count,
        gain,
        loss,
        _nullable(fast),
        _nullable(slow),
        _nullable(rsi),
        bars_seen,
        None if gap == NO_GAP else gap,
        _nullable(split_close),
        revision,
        ACTIONS[action],
        None if previous == NO_ACTION else ACTIONS[previous],
        REASONS[reason] if own_reason is None else "own_rule",
        emitted_at,
        strategy,
        provenance,
        own_reason,
        dict(zip(packed.dtype.names[-len(own) :], map(_nullable, own), strict=True)) if own else NOTHING,
    )


def _nullable(value: float) -> float | None:
    return None if value != value else value
